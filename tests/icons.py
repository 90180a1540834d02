"""`python -m tests.icons`: draw the icons of the installed application anew, from the drawing of the favicon."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.screenshots import BASE, chromium, flags

PLACE = BASE / "conversations" / "static" / "conversations"
#: What a launcher cuts round, or into any other shape: the drawing keeps to the middle of a ground without edges.
_MASKABLE = "<style>body { background: #0b6b52 } svg { width: 62% }</style>"
_PLAIN = "<style>svg { width: 100% }</style>"
_STYLE = "<style>body { margin: 0 } svg { position: absolute; inset: 0; margin: auto }</style>"


def main() -> None:
    """Three PNG files beside the SVG."""
    drawing = (PLACE / "icon.svg").read_text(encoding="utf-8")
    outlined = drawing.replace('fill="#0b6b52"', 'fill="none" stroke="#fff" stroke-width="2.200"')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags())
        page = browser.new_page()
        for name, size, frame, svg in (
            ("app-192.png", 192, _PLAIN, drawing),
            ("app-512.png", 512, _PLAIN, drawing),
            ("app-maskable-512.png", 512, _MASKABLE, outlined),
        ):
            page.set_viewport_size({"width": size, "height": size})
            page.set_content(_STYLE + frame + svg)
            _keep(page.screenshot(omit_background=True), PLACE / name)
        browser.close()


def _keep(picture: bytes, path: Path) -> None:
    path.write_bytes(picture)
    print(f"{path.name}: {len(picture) // 1024} kB")


if __name__ == "__main__":
    main()
