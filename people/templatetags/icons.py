"""Small drawings of our own, put into the page itself: no request, no font, and they take the colour of the words."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

#: Strokes on a grid of 24, drawn with round ends. A word always stands beside or in an aria-label.
_STROKES = {
    "archive": "M4 5h16v4H4zM6 9v10h12V9M10 13h4",
    "arrow-down": "M12 5v14M6 13l6 6 6-6",
    "arrow-left": "M19 12H5M11 6l-6 6 6 6",
    "attach": "M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.2a3 3 0 0 1 4.3 4.3l-7.9 7.9a1.5 1.5 0 0 1-2.1-2.1L14 7.6",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
    "bolt": "M13 3L5 14h6l-1 7 8-11h-6z",
    "bot": "M5 9h14v10H5zM12 9V5M9 14v.01M15 14v.01M2 13v3M22 13v3M12 5h.01",
    "chart": "M4 20V10M10 20V4M16 20v-7M21 20H3",
    "chat": "M4 5h16v11H9l-5 4z",
    "check": "M5 13l4 4L19 7",
    "chevron-left": "M15 6l-6 6 6 6",
    "chevron-right": "M9 6l6 6-6 6",
    "chevron-down": "M6 9l6 6 6-6",
    "choose": "M4 5h6v6H4zM5 17l2 2 4-4M14 7h7M14 17h7",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
    "close": "M6 6l12 12M18 6L6 18",
    "copy": "M9 9h11v11H9zM15 9V4H4v11h5",
    "document": "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
    "download": "M12 4v11M7 11l5 5 5-5M5 20h14",
    "edit": "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
    "emoji": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 10v.01M15 10v.01M8 14a5 5 0 0 0 8 0",
    "eye": "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    "filter": "M4 6h16M7 12h10M10 18h4",
    "flame": "M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-3 2-4 0 2 1 3 2 3 1-3-1-6 1-10z",
    "hand": "M8 12V6a1.5 1.5 0 0 1 3 0v5-7a1.5 1.5 0 0 1 3 0v7-5a1.5 1.5 0 0 1 3 0v9a6 6 0 0 1-6 6c-3 0-4.5-1.5-7-6"
    "l-1-2a1.5 1.5 0 0 1 2.6-1.5z",
    "help": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .8-1 1.7M12 17v.01",
    "history": "M4 12a8 8 0 1 0 3-6.2L4 8M4 4v4h4M12 8v4l3 2",
    "image": "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9v.01",
    "info": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8v.01",
    "key": "M14 10a4 4 0 1 0-3 3.9L13 16h2v2h2v2h3v-3l-6-6zM8.5 9v.01",
    "link": "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1",
    "list": "M8 6h12M8 12h12M8 18h12M4 6v.01M4 12v.01M4 18v.01",
    "lock": "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
    "log-out": "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
    "megaphone": "M4 10v4h3l9 4V6L7 10zM8 14l1 5h2l-1-4M19 10v4",
    "mic": "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
    "moon": "M19 14a8 8 0 0 1-9-11 8 8 0 1 0 9 11z",
    "more": "M6 12v.01M12 12v.01M18 12v.01",
    "note": "M5 4h14v10l-5 6H5zM19 14h-5v6M9 9h6",
    "pause": "M8 5v14M16 5v14",
    "people": "M9 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM2 20a7 7 0 0 1 14 0M16 4.5a4 4 0 0 1 0 7M18 14a7 7 0 0 1 4 6",
    "person": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 20a8 8 0 0 1 16 0",
    "phone": "M7 3h10v18H7zM11 18h2",
    "pin": "M12 21s7-6 7-11a7 7 0 0 0-14 0c0 5 7 11 7 11zM12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
    "play": "M8 5l11 7-11 7z",
    "plus": "M12 5v14M5 12h14",
    "power": "M12 3v9M7 6.5a8 8 0 1 0 10 0",
    "qr": "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 20h2",
    "refresh": "M20 12a8 8 0 1 1-2.5-5.8L20 8M20 4v4h-4",
    "reply": "M10 7L4 12l6 5v-3c5 0 8 1 10 5 0-6-3-9-10-9z",
    "retry": "M4 12a8 8 0 1 1 2.5 5.8L4 16M4 20v-4h4",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.5 16.5L21 21",
    "send": "M4 12l16-8-5 17-3-7z",
    "settings": "M4 7h10M18 7h2M4 17h2M10 17h10M16 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM8 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
    "shield": "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z",
    "snow": "M12 3v18M4 7.5l16 9M20 7.5l-16 9M9.5 4.5L12 7l2.5-2.5M9.5 19.5L12 17l2.5 2.5",
    "sound": "M4 10v4h4l5 4V6L8 10zM16 9a4 4 0 0 1 0 6M19 6a8 8 0 0 1 0 12",
    "stop": "M7 7h10v10H7z",
    "sun": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M5 19l1.4-1.4"
    "M17.6 6.4L19 5",
    "swap": "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
    "trash": "M5 7h14M10 4h4M7 7l1 13h8l1-13M10 11v5M14 11v5",
    "undo": "M9 6L4 11l5 5M4 11h10a6 6 0 0 1 0 12h-3",
    "video": "M3 6h12v12H3zM15 11l6-4v10l-6-4",
    "warning": "M12 4l9 16H3zM12 10v4M12 17v.01",
    "whisper": "M4 5h16v11H9l-5 4zM8 10v.01M12 10v.01M16 10v.01",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """The drawing called `name`, hidden from screen readers. Raises KeyError for one that there is not."""
    # The strokes are the constants above; nothing of a stranger's is in them.
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        mark_safe(_STROKES[name]),
    )
