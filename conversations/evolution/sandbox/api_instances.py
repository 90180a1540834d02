"""The endpoints under /instance and /webhook: making, connecting and ending an instance, and where its webhooks go."""

from __future__ import annotations

import secrets

from . import qr
from .checks import require
from .memory import Instance
from .people import People
from .records import database_id, moment
from .words import JSON, JSONDict, Refusal, Request
from .world import EVENTS

#: Source: evolution-api 2.3.6: a code is replaced after about 45 s, and after 30 of them the session stops.
_CODE_LIFETIME_S, _CODE_LIMIT = 45.0, 30
_CHANNELS = ("WHATSAPP-BAILEYS", "WHATSAPP-BUSINESS", "EVOLUTION")


# ------------------------------------------------------------------------------------------------------- instances


def create(world: People, request: Request) -> JSON:
    fields = request.fields
    name = fields.get("instanceName")
    if fields.get("integration") not in _CHANNELS:
        raise Refusal(400, ["Invalid integration"])
    if not name or not isinstance(name, str):
        raise Refusal(400, [['instance requires property "instanceName"']])
    webhook = fields.get("webhook")
    if isinstance(webhook, dict) and webhook.get("url") and not isinstance(webhook.get("events"), list):
        # Source: evolution-api 2.3.6: the half-made instance is removed again.
        raise Refusal(400, ["Cannot read properties of undefined (reading 'length')"])
    instance = world.new_instance(name, number=fields.get("number"), integration=str(fields["integration"]))
    _furnish(world, instance, fields)
    world.emit(instance, "instance.create", {"instanceName": name, "instanceId": instance.id})
    if fields.get("qrcode"):
        _start_pairing(world, instance)
    return _created(instance, fields)


def _furnish(world: People, instance: Instance, fields: JSONDict) -> None:
    if fields.get("token"):
        instance.token = str(fields["token"])
    instance.settings |= {name: fields[name] for name in instance.settings if name in fields}
    webhook = fields.get("webhook")
    if isinstance(webhook, dict) and webhook.get("url"):
        store_webhook(world, instance, {"enabled": True} | webhook)
    if instance.integration == "EVOLUTION":
        instance.state = instance.stored_state = "open"


def _created(instance: Instance, fields: JSONDict) -> JSONDict:
    webhook: JSONDict = {}
    if instance.webhook:
        webhook["webhookUrl"] = instance.webhook["url"]
        if instance.webhook["headers"] is not None:
            webhook["webhookHeaders"] = instance.webhook["headers"]
        webhook |= {name: instance.webhook[name] for name in ("webhookByEvents", "webhookBase64")}
    answer: JSONDict = {
        "instance": {
            "instanceName": instance.name, "instanceId": instance.id, "integration": instance.integration,
            "webhookWaBusiness": None, "accessTokenWaBusiness": "", "status": instance.state,
        },
        "hash": instance.token, "webhook": webhook, "websocket": {}, "rabbitmq": {}, "nats": {}, "sqs": {},
        "settings": instance.settings_in_order(),
    }  # fmt: skip
    return answer | {"qrcode": _code(instance)} if fields.get("qrcode") else answer


def fetch(world: People, request: Request, key: str, *, is_global: bool) -> JSON:
    found = [instance for instance in world.instances() if is_global or instance.token == key]
    for name, read in (("instanceName", "name"), ("instanceId", "id"), ("number", "number")):
        if wanted := request.query.get(name):
            found = [instance for instance in found if getattr(instance, read) == wanted]
            if not found:
                raise Refusal(404, [f'Instance "{wanted}" not found'])
    with world.lock:
        return [instance.as_row() for instance in found]


def state(world: People, instance: Instance, request: Request) -> JSON:
    return {"instance": {"instanceName": instance.name, "state": instance.state}}


def connect(world: People, instance: Instance, request: Request) -> JSON:
    if instance.state == "open":
        return state(world, instance, request)
    if instance.state == "close":
        # Source: evolution-api 2.3.6: `number` asks for a pairing code, and only while closed.
        instance.pairing_code = _pairing_code() if request.query.get("number") else None
        _start_pairing(world, instance)
    elif world.clock() - instance.qr_at > _CODE_LIFETIME_S:
        _next_code(world, instance)
    return _code(instance)


def restart(world: People, instance: Instance, request: Request) -> JSON:
    if instance.state == "close":
        # Source: evolution-api 2.3.6: status 200 all the same.
        return {"error": True, "message": "[object Object]"}
    if instance.state == "connecting":
        return _code(instance)
    answer = state(world, instance, request)
    # Source: evolution-api 2.3.6: it answers "open" at once and reconnects behind that.
    world.set_state(instance, "connecting")
    world.set_state(instance, "open")
    return answer


def log_out(world: People, instance: Instance, request: Request) -> JSON:
    if instance.state != "open":
        raise Refusal(400, [f'The "{instance.name}" instance is not connected'])
    world.log_out(instance)
    return {"status": "SUCCESS", "error": False, "response": {"message": "Instance logged out"}}


def delete(world: People, instance: Instance, request: Request) -> JSON:
    if instance.state == "open" and instance.integration != "EVOLUTION":
        world.log_out(instance)
    world.emit(instance, "instance.delete", {"instanceName": instance.name, "instanceId": instance.id})
    world.emit(instance, "remove.instance", None)
    world.forget_instance(instance)
    return {"status": "SUCCESS", "error": False, "response": {"message": "Instance deleted"}}


def set_presence(world: People, instance: Instance, request: Request) -> JSON:
    return {"presence": request.fields["presence"]}


# ---------------------------------------------------------------------------------------------------------- pairing


def _start_pairing(world: People, instance: Instance) -> None:
    instance.stored_state = "connecting"
    world.set_state(instance, "connecting")
    _next_code(world, instance)


def _next_code(world: People, instance: Instance) -> None:
    with world.lock:
        instance.new_code(world.clock())
    if instance.qr_count > _CODE_LIMIT:
        world.set_state(instance, "refused", 428)
        data: JSONDict = {"message": "QR code limit reached, please login again", "statusCode": 500}
    else:
        data = {
            "qrcode": {
                "instance": instance.name,
                **{name: value for name, value in _code(instance).items() if name != "count"},
            }
        }
    world.emit(instance, "qrcode.updated", data)


def _code(instance: Instance) -> JSONDict:
    """What connect shows: the present code, or only how many there were."""
    if not instance.qr_code:
        return {"count": instance.qr_count}
    return {
        "pairingCode": instance.pairing_code, "code": instance.qr_code, "base64": qr.image_of(instance.qr_code),
        "count": instance.qr_count,
    }  # fmt: skip


def _pairing_code() -> str:
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTVWXYZ123456789") for _ in range(8))


# ---------------------------------------------------------------------------------------------------------- webhook


def set_webhook(world: People, instance: Instance, request: Request) -> JSON:
    require(request, "webhook")
    webhook = request.fields["webhook"]
    if not isinstance(webhook, dict):
        raise Refusal(400, [["webhook is not of a type(s) object"]])
    missing = [f'webhook requires property "{name}"' for name in ("enabled", "url") if name not in webhook]
    events = webhook.get("events")
    unknown = [
        f"webhook.events[{index}] is not one of enum values: {','.join(EVENTS)}"
        for index, event in enumerate(events if isinstance(events, list) else [])
        if event not in EVENTS
    ]
    if missing or unknown:
        raise Refusal(400, [missing + unknown])
    if webhook["enabled"] and not isinstance(events, list):
        # Source: evolution-api 2.3.6: the schema lets it pass, the code does not.
        raise Refusal(500, "Cannot read properties of undefined (reading 'length')")
    store_webhook(world, instance, webhook)
    return instance.webhook_row()


def store_webhook(world: People, instance: Instance, given: JSONDict) -> None:
    """Store what was asked for, half a patch as the gateway does it."""
    # Source: evolution-api 2.3.6: byEvents, base64 and headers keep their old values when left out, events never do.
    now = moment(world.clock())
    old = instance.webhook or {
        "id": database_id(), "headers": None, "webhookByEvents": False, "webhookBase64": False, "createdAt": now,
    }  # fmt: skip
    with world.lock:
        instance.webhook = {
            "id": old["id"], "url": given.get("url", ""), "headers": given.get("headers", old["headers"]),
            "enabled": bool(given["enabled"]),
            "events": (list(given.get("events") or EVENTS)) if given["enabled"] else [],
            "webhookByEvents": given.get("byEvents", old["webhookByEvents"]),
            "webhookBase64": given.get("base64", old["webhookBase64"]),
            "createdAt": old["createdAt"], "updatedAt": now, "instanceId": instance.id,
        }  # fmt: skip


def find_webhook(world: People, instance: Instance, request: Request) -> JSON:
    return instance.webhook_row()
