"""Drives the published Python SDK, unmodified, against the server at FRONTEGG_API_GATEWAY_URL.

Environment authentication and writes go through the SDK's HTTP client; its Flask decorator and its FastAPI
dependency then accept and refuse tokens. Every check is named; the process ends with 1 when one of them fails.
"""

import asyncio
import base64
import json
import os
import sys
import traceback

import httpx
import jwt
from fastapi import Depends, FastAPI
from flask import Flask, g, jsonify

from frontegg.common.clients import HttpAsyncClient, HttpClient
from frontegg.fastapi import frontegg as frontegg_fastapi
from frontegg.fastapi.secure_access import FronteggSecurity, User
from frontegg.flask import frontegg as frontegg_flask
from frontegg.flask.secure_access import with_authentication

BASE = os.environ["FRONTEGG_API_GATEWAY_URL"].rstrip("/")
CLIENT_ID = os.environ["FRONTEGG_CLIENT_ID"]
API_KEY = os.environ["FRONTEGG_API_KEY"]
UNIQUE = os.environ.get("JOURNEY_RUN", str(os.getpid()))

TENANT = f"python-tenant-{UNIQUE}"
EMAIL = f"ann.python.{UNIQUE}@example.com"
PASSWORD = "Correct-horse-9-battery"

failed = 0


def check(sentence, body):
    global failed
    try:
        result = body()
        print(f"ok - {sentence}", flush=True)
        return result
    except Exception:
        failed += 1
        print(f"not ok - {sentence}: {traceback.format_exc()}", flush=True)
        return None


def created(response, status=201):
    assert response.status_code == status, f"{response.status_code} {response.text}"
    return response.json()


def vendor_authentication():
    frontegg_flask.init_app(CLIENT_ID, API_KEY)
    claims = jwt.decode(frontegg_flask.access_token, options={"verify_signature": False})
    assert claims["type"] == "vendor", claims
    assert claims["exp"] - claims["iat"] == 86400, claims


def wrong_secret():
    try:
        HttpClient(CLIENT_ID, "00000000-0000-4000-8000-00000000dead", BASE)
    except Exception as error:
        assert error.response.status_code == 401, error
        assert error.response.json()["errors"], error.response.text
        return
    raise AssertionError("a wrong secret was accepted")


def writes():
    client = HttpClient(CLIENT_ID, API_KEY, BASE)
    name = "Python & Söhne \"GmbH\" 🐍"
    tenant = created(client.post({"tenantId": TENANT, "name": name}, "/tenants/resources/tenants/v1"))
    assert tenant["name"] == name, tenant
    category = created(client.post({"name": f"Python {UNIQUE}"}, "/identity/resources/permissions/v1/categories/"))
    permissions = created(
        client.post(
            [
                {"key": "python.orders.read", "name": "Read", "categoryId": category["id"]},
                {"key": "python.orders.write", "name": "Write", "categoryId": category["id"]},
            ],
            "/identity/resources/permissions/v1/",
        )
    )
    roles = created(
        client.post(
            [
                {"key": "python-admin", "name": "Python admin", "level": 0},
                {"key": "python-auditor", "name": "Python auditor", "level": 1},
            ],
            "/identity/resources/roles/v1",
        )
    )
    created(
        client.put({"permissionIds": [permissions[0]["id"]]}, f"/identity/resources/roles/v1/{roles[0]['id']}/permissions"),
        200,
    )
    user = created(
        client.post(
            {"email": EMAIL, "name": "Ann Python", "password": PASSWORD, "tenantId": TENANT, "roleIds": [roles[0]["id"]]},
            "/identity/resources/vendor-only/users/v1",
        )
    )
    assert user["email"] == EMAIL, user
    listed = client.get("/identity/resources/users/v3", params={"_email": EMAIL}, tenant_id=TENANT)
    assert [item["id"] for item in created(listed, 200)["items"]] == [user["id"]], listed.text
    return user["id"]


def audits():
    client = HttpClient(CLIENT_ID, API_KEY, f"{BASE}/audits/")
    sent = client.post({"severity": "Info", "action": "journey", "description": "from Python"}, "", tenant_id=TENANT)
    assert created(sent, 202) is not None


def login(password=PASSWORD):
    return httpx.post(
        f"{BASE}/identity/resources/auth/v1/user",
        json={"email": EMAIL, "password": password, "recaptchaToken": "", "invitationToken": ""},
    )


def logged_in():
    good = login()
    assert good.status_code == 200, good.text
    bad = login("Wrong-horse-9-battery")
    assert bad.status_code == 401 and bad.json()["errors"] == ["Incorrect email or password"], bad.text
    return good.json()["accessToken"]


def tampered(token):
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["roles"] = ["python-auditor"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return ".".join([head, forged, signature])


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def flask_application():
    app = Flask(__name__)

    @app.get("/open")
    @with_authentication()
    def open_to_all():
        return jsonify(g.user)

    @app.get("/admins")
    @with_authentication(role_keys=["python-admin"])
    def admins():
        return "in"

    @app.get("/auditors")
    @with_authentication(role_keys=["python-auditor"])
    def auditors():
        return "in"

    @app.get("/readers")
    @with_authentication(permission_keys=["python.orders.read"])
    def readers():
        return "in"

    @app.get("/writers")
    @with_authentication(permission_keys=["python.orders.write"])
    def writers():
        return "in"

    return app.test_client()


def fastapi_application():
    app = FastAPI()

    @app.get("/open")
    def open_to_all(user: User = Depends(FronteggSecurity())):
        return {"sub": user.sub, "tenantId": user.tenant_id, "applicationId": user.application_id, "type": user.token_type}

    @app.get("/admins")
    def admins(user: User = Depends(FronteggSecurity(roles=["python-admin"]))):
        return "in"

    @app.get("/auditors")
    def auditors(user: User = Depends(FronteggSecurity(roles=["python-auditor"]))):
        return "in"

    @app.get("/readers")
    def readers(user: User = Depends(FronteggSecurity(permissions=["python.orders.read"]))):
        return "in"

    @app.get("/writers")
    def writers(user: User = Depends(FronteggSecurity(permissions=["python.orders.write"]))):
        return "in"

    return app


def middleware(name, get, token, user_id, environment_token):
    """The same sentences for both frameworks; `get` answers (status, body)."""

    def accepts():
        status, body = get("/open", bearer(token))
        assert status == 200, (status, body)
        assert body["sub"] == user_id and body["tenantId"] == TENANT and body["type"] == "userToken", body

    def expect(status, path, headers):
        answered = get(path, headers)
        assert answered[0] == status, (path, answered)

    check(f"{name} lets the token in and names the user", accepts)
    check(f"{name} refuses a request without a token", lambda: expect(401, "/open", {}))
    check(f"{name} lets the right role in", lambda: expect(200, "/admins", bearer(token)))
    check(f"{name} keeps the wrong role out", lambda: expect(403, "/auditors", bearer(token)))
    check(f"{name} lets the right permission in", lambda: expect(200, "/readers", bearer(token)))
    check(f"{name} keeps the wrong permission out", lambda: expect(403, "/writers", bearer(token)))
    check(f"{name} refuses a tampered token", lambda: expect(401, "/auditors", bearer(tampered(token))))
    check(f"{name} refuses a user token as access token", lambda: expect(401, "/open", {"x-api-key": token}))
    check(f"{name} refuses an environment token", lambda: expect(401, "/open", bearer(environment_token)))


async def fastapi_checks(token, user_id):
    # One event loop for start and requests: the SDK keeps its session in the loop it was made in.
    await frontegg_fastapi.init_app(CLIENT_ID, API_KEY)
    client = HttpAsyncClient(CLIENT_ID, API_KEY, BASE)
    read = await client.get(f"/identity/resources/vendor-only/users/v1/{user_id}")
    transport = httpx.ASGITransport(app=fastapi_application())
    answers = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://application.test") as application:
        environment_token = frontegg_fastapi.access_token
        wanted = [("/open", bearer(token)), ("/open", {}), ("/open", {"x-api-key": token}), ("/open", bearer(environment_token))]
        wanted += [(path, bearer(token)) for path in ("/admins", "/auditors", "/readers", "/writers")]
        wanted += [("/auditors", bearer(tampered(token)))]
        for path, headers in wanted:
            response = await application.get(path, headers=headers)
            answers[path, json.dumps(headers)] = (response.status_code, response.json())

    def asynchronous_client_reads():
        assert read.status_code == 200 and read.json()["email"] == EMAIL, read.text

    check("the asynchronous HTTP client reads the user", asynchronous_client_reads)
    middleware("FastAPI", lambda path, headers: answers[path, json.dumps(headers)], token, user_id, environment_token)


def main():
    check("the authenticator gets an environment token", vendor_authentication)
    check("a wrong secret is refused", wrong_secret)
    user_id = check("tenant, permissions, roles and user are created through its HTTP client", writes)
    check("an audit record is sent and answered with JSON", audits)
    token = check("the user logs in and a wrong password does not", logged_in)
    if token:
        flask = flask_application()

        def get(path, headers):
            response = flask.get(path, headers=headers)
            return response.status_code, response.get_json(silent=True)

        middleware("Flask", get, token, user_id, frontegg_flask.access_token)
        asyncio.run(fastapi_checks(token, user_id))
    print("all checks passed" if failed == 0 else f"{failed} checks failed", flush=True)
    sys.exit(0 if failed == 0 else 1)


main()
