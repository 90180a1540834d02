import json

from django.conf import settings
from django.http import HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from benchmarks.naive.tasks import reply


@csrf_exempt
@require_POST
def webhook(request):
    if request.headers.get("X-Webhook-Secret") != settings.WEBHOOK_SECRET:
        return HttpResponseForbidden()
    event = json.loads(request.body)
    if event["event"] == "messages.upsert" and not event["data"]["key"]["fromMe"]:
        reply.delay(event["data"]["key"]["remoteJid"])
    return HttpResponse()


def healthz(request):
    return HttpResponse("ok")
