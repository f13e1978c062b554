"""Logging in and out: a form with name and password, and one-time links."""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Callable, Sequence
from html import escape
from string import Template
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.desk.sessions import COOKIE, set_session, token_of
from adapters.desk.words import Words
from adapters.doors import RateLimit, address, same_origin
from adapters.labels import LABELS
from adapters.ports import Agents

FORM_COOKIE: Final = "heqi_login"
FORM_SECONDS: Final = 3600
LANGUAGE_COOKIE: Final = "heqi_language"
TARGETS: Final = ("/desk/", "/demo")  # where a log-in may lead
_MAX_FORM: Final = 16 * 1024

_PAGE: Final = Template("""<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>$title</title>
<link rel="icon" href="/assets/desk/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/desk/login.css">
</head>
<body>
<main>
<div class="brand"><img src="/assets/desk/icon.svg" alt="" width="52" height="52">
<div><h1>和气</h1><p>$tagline</p></div></div>
$body
</main>
</body>
</html>
""")
_FORM: Final = Template("""<form method="post" action="/login">
<input type="hidden" name="form" value="$form"><input type="hidden" name="next" value="$next">
$problem
<label>$name_label<input name="name" autocomplete="username" required autofocus maxlength="100" value="$name"></label>
<label>$password_label
<input name="password" type="password" autocomplete="current-password" required maxlength="500"></label>
<button type="submit">$submit</button>
<p class="hint">$hint</p>
</form>""")
# Chat programs and mail scanners open links to look at them. A one-time link is therefore used up by a POST, which this
# page makes by itself and a scanner does not.
_LINK: Final = Template("""<form method="post" action="/login/$token" id="enter">
<input type="hidden" name="form" value="$form"><input type="hidden" name="next" value="$next">
<p>$welcome</p>
<button type="submit">$submit</button>
</form>
<script nonce="$nonce">document.getElementById("enter").submit();</script>""")


class Login:
    """The routes to come in and to leave."""

    def __init__(self, *, agents: Agents, on_log_out: Callable[[str], None]) -> None:
        self._agents = agents
        self._on_log_out = on_log_out
        # Guessing: ten tries at once, then one in half a minute for an address; half of that for one name there.
        self._per_address = RateLimit(burst=10, per_second=1 / 30)
        self._per_name = RateLimit(burst=5, per_second=1 / 60)

    def routes(self) -> Sequence[BaseRoute]:
        """``/login``, ``/login/{token}`` and ``/logout``."""
        return (
            Route("/login", self._form, methods=["GET"]),
            Route("/login", self._enter, methods=["POST"]),
            Route("/login/{token}", self._link, methods=["GET"]),
            Route("/login/{token}", self._enter_by_link, methods=["POST"]),
            Route("/logout", self._leave, methods=["POST"]),
        )

    async def _form(self, request: Request) -> Response:
        return self._answer(request, next_=_target(request.query_params.get("next")))

    async def _enter(self, request: Request) -> Response:
        form = await _form_of(request)
        next_ = _target(form.get("next"))
        name = form.get("name", "").strip()
        if not _is_own_form(request, form):
            return self._answer(request, problem="stale", status=403, name=name, next_=next_)
        who = address(request)
        wait = self._per_address.take(who) or self._per_name.take(f"{who} {name}")
        if wait:
            return self._answer(request, problem="slow", status=429, name=name, next_=next_, wait=wait)
        token = await self._agents.by_password(name, form.get("password", ""))
        if token is None:
            return self._answer(request, problem="wrong", status=401, name=name, next_=next_)
        return _entered(request, token, next_)

    async def _link(self, request: Request) -> Response:
        words = _words(request)
        form, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        body = _LINK.substitute(
            token=escape(request.path_params["token"]),
            form=form,
            next=_target(request.query_params.get("next")),
            nonce=nonce,
            welcome=escape(words("正在进入工作台…")),
            submit=escape(words("进入")),
        )
        return _page(request, words, body, form=form, script_nonce=nonce)

    async def _enter_by_link(self, request: Request) -> Response:
        form = await _form_of(request)
        next_ = _target(form.get("next"))
        if not _is_own_form(request, form):
            return self._answer(request, problem="stale", status=403, next_=next_)
        if wait := self._per_address.take(address(request)):
            return self._answer(request, problem="slow", status=429, next_=next_, wait=wait)
        token = await self._agents.by_link(request.path_params["token"])
        if token is None:
            return self._answer(request, problem="expired", status=401, next_=next_)
        return _entered(request, token, next_)

    async def _leave(self, request: Request) -> Response:
        if not same_origin(request):
            return Response(status_code=403)
        if token := token_of(request):
            await self._agents.log_out(token)
            self._on_log_out(token)
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    def _answer(
        self, request: Request, *, problem: str = "", status: int = 200, name: str = "", next_: str, wait: float = 0
    ) -> Response:
        words = _words(request)
        form = secrets.token_urlsafe(32)
        told = f'<p class="problem" role="alert">{escape(words(LABELS["login"][problem]))}</p>' if problem else ""
        body = _FORM.substitute(
            form=form,
            next=next_,
            problem=told,
            name=escape(name),
            name_label=escape(words("姓名")),
            password_label=escape(words("密码")),
            submit=escape(words("登录")),
            hint=escape(words("也可以用一次性登录链接进入，由管理员在命令行生成。")),
        )
        response = _page(request, words, body, form=form, status=status)
        if wait:
            response.headers["retry-after"] = str(math.ceil(wait))
        return response


def _page(
    request: Request, words: Words, body: str, *, form: str, status: int = 200, script_nonce: str = ""
) -> HTMLResponse:
    policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'" + (
        f"; script-src 'nonce-{script_nonce}'" if script_nonce else ""
    )
    page = _PAGE.substitute(
        language=words.language,
        title=f"{escape(words('登录'))} · 和气",
        tagline=escape(words("外语买家，中文接待")),
        body=body,
    )
    response = HTMLResponse(
        page, status_code=status, headers={"content-security-policy": policy, "cache-control": "no-store"}
    )
    response.set_cookie(
        FORM_COOKIE,
        form,
        max_age=FORM_SECONDS,
        path="/login",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _entered(request: Request, token: str, next_: str) -> Response:
    response = RedirectResponse(next_, status_code=303)
    set_session(request, response, token)
    response.delete_cookie(FORM_COOKIE, path="/login")
    return response


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of a small form; empty when it is larger than a log-in can be."""
    if int(request.headers.get("content-length") or _MAX_FORM + 1) > _MAX_FORM:
        return {}
    form = await request.form(max_files=0, max_fields=10)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _is_own_form(request: Request, form: dict[str, str]) -> bool:
    """Whether the form came from a page this browser got from here: the field must match the cookie."""
    cookie = request.cookies.get(FORM_COOKIE, "")
    given = form.get("form", "")
    return bool(cookie) and same_origin(request) and hmac.compare_digest(cookie.encode(), given.encode())


def _target(wish: str | None) -> str:
    return wish if wish in TARGETS else TARGETS[0]


def _words(request: Request) -> Words:
    return Words(request.cookies.get(LANGUAGE_COOKIE, ""))
