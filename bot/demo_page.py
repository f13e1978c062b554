"""The demo's front page: the desk and a few buyers' chats side by side, so that both ends of a talk are in view."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from string import Template
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

_PAGE: Final = Template("""<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>和气 · 演示</title>
<link rel="icon" href="/assets/desk/icon.svg" type="image/svg+xml">
<style nonce="$nonce">
:root { --paper: #eef1f0; --card: #fff; --ink: #17211f; --soft: #5c6b67; --line: #d9e0de; --brand: #0f766e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0b0f0e; --card: #161d1b; --ink: #e6edeb; --soft: #93a29e; --line: #2b3532; --brand: #2bb3a5; }
}
* { box-sizing: border-box; }
body { margin: 0; height: 100dvh; display: flex; flex-direction: column; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1.2rem; padding: .8rem 1.2rem; }
h1 { margin: 0; font-size: 1.05rem; }
p { margin: 0; color: var(--soft); max-width: 70em; }
b { color: var(--ink); font-weight: 600; }
kbd { padding: 0 .4em; border: 1px solid var(--line); border-radius: .35em; background: var(--card); font: inherit; }
main { flex: 1; min-height: 0; display: grid; gap: .7rem; padding: 0 .8rem .8rem;
  grid-template-columns: minmax(0, 1fr) minmax(17rem, 23rem); }
.chats { display: grid; gap: .7rem; min-height: 0; grid-auto-rows: minmax(0, 1fr); }
iframe { width: 100%; height: 100%; border: 1px solid var(--line); border-radius: .9rem; background: var(--card); }
@media (max-width: 60rem) {
  body { height: auto; }
  main { grid-template-columns: minmax(0, 1fr); }
  iframe { height: 80dvh; }
}
</style>
</head>
<body>
<header>
<h1>和气演示</h1>
<p>右边是<b>买家</b>：用任何语言写一句话。
左边是<b>客服工作台</b>：您读到中文，按 <kbd>1</kbd> <kbd>2</kbd> <kbd>3</kbd> 选一条回复，
按 <kbd>Enter</kbd> 发出，买家收到的是自己的语言。</p>
</header>
<main>
<iframe src="/desk/" title="客服工作台"></iframe>
<div class="chats">$chats</div>
</main>
</body>
</html>
""")


def demo_route(chats: Sequence[str], *, signed_in: Callable[[Request], Awaitable[bool]]) -> Route:
    """``/demo`` with one frame per chat address; whoever is not logged in is sent to the log-in first."""
    frames = "".join(
        f'<iframe src="{escape(chat)}" title="买家 {number}"></iframe>' for number, chat in enumerate(chats, 1)
    )

    async def show(request: Request) -> Response:
        if not await signed_in(request):
            return RedirectResponse("/login?next=/demo", status_code=303)
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self'; frame-src 'self'; "
            "base-uri 'none'; form-action 'none'"
        )
        page = _PAGE.substitute(nonce=nonce, chats=frames)
        return HTMLResponse(page, headers={"content-security-policy": policy, "cache-control": "no-store"})

    return Route("/demo", show, methods=["GET"])
