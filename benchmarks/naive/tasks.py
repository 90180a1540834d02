import google.generativeai as genai
import requests
from celery import shared_task
from django.conf import settings

HISTORY = 10
SYSTEM = (
    "Você é a assistente virtual de pré-vendas da empresa e conversa com leads pelo WhatsApp. Responda em português, "
    "em frases curtas, e faça no máximo uma pergunta por vez."
)

genai.configure(
    api_key=settings.GEMINI_API_KEY, transport="rest", client_options={"api_endpoint": settings.GEMINI_BASE_URL}
)
model = genai.GenerativeModel(settings.GEMINI_MODEL, system_instruction=SYSTEM)

gateway = requests.Session()
gateway.headers["apikey"] = settings.EVOLUTION_API_KEY
gateway.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))


def post(path, body):
    answer = gateway.post(f"{settings.EVOLUTION_API_URL}{path}/{settings.EVOLUTION_INSTANCE}", json=body, timeout=20)
    answer.raise_for_status()
    return answer.json()


@shared_task
def reply(jid):
    found = post("/chat/findMessages", {"where": {"key": {"remoteJid": jid}}, "page": 1, "offset": HISTORY})
    contents = [
        {
            "role": "model" if record["key"]["fromMe"] else "user",
            "parts": [record["message"].get("conversation") or f"[{record['messageType']}]"],
        }
        for record in reversed(found["messages"]["records"])
    ]
    answer = model.generate_content(contents, request_options={"timeout": 30})
    post("/message/sendText", {"number": jid, "text": answer.text})
