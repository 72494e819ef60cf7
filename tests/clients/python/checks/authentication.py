"""Every way to log in, and that nothing else gets in."""

import os

from harness import Collector, check, equal, settle
from nats.errors import Error


async def accepted(t, server, **options):
    connection = await t.connect(server, **options)
    collector = await Collector.on(connection, "hello")
    await connection.publish("hello", b"world")
    await collector.take(1)
    equal(collector.texts(), ["world"], "messages")


async def refused(t, server, **options):
    try:
        await t.connect(server, **options)
    except Error as error:
        assert "authorization violation" in str(error).lower(), "another error: %s" % error
    else:
        raise AssertionError("was let in")


@check
async def auth_none(t):
    await accepted(t, "open")


@check
async def auth_token(t):
    await accepted(t, "token", token="t-secret")


@check
async def auth_bcrypt_token(t):
    await accepted(t, "token_bcrypt", token="hashed-token")


@check
async def auth_token_refused(t):
    await refused(t, "token", token="wrong")


@check
async def auth_missing_refused(t):
    await refused(t, "token")


@check
async def auth_user_password(t):
    await accepted(t, "users", user="alice", password="a-secret")


@check
async def auth_url_user_password(t):
    await accepted(t, "users", user_info="alice:a-secret@")
    await accepted(t, "token", user_info="t-secret@")
    await refused(t, "users", user_info="alice:wrong@")


@check
async def auth_user_password_refused(t):
    await refused(t, "users", user="alice", password="b-secret")
    await refused(t, "users", user="nobody", password="a-secret")


@check
async def auth_bcrypt_password(t):
    await accepted(t, "users", user="bob", password="b-secret")


@check
async def auth_bcrypt_password_refused(t):
    await refused(t, "users", user="bob", password="a-secret")


@check
async def auth_nkey(t):
    await accepted(t, "nkeys", nkeys_seed=os.environ["CLIENT_TEST_NKEY_SEED"])


@check
async def auth_nkey_refused(t):
    await refused(t, "nkeys", nkeys_seed=os.environ["CLIENT_TEST_STRANGER_SEED"])


@check
async def auth_jwt(t):
    await accepted(t, "operator", user_credentials=os.environ["CLIENT_TEST_CREDS"])


@check
async def auth_jwt_refused(t):
    await refused(t, "operator", user_credentials=os.environ["CLIENT_TEST_STRANGER_CREDS"])


@check
async def auth_no_auth_user(t):
    anonymous = await t.connect("no_auth_user")
    guest = await t.connect("no_auth_user", user="guest", password="g-secret")
    alice = await t.connect("no_auth_user", user="alice", password="a-secret")
    collector = await Collector.on(anonymous, "news")
    await settle(anonymous)
    await alice.publish("news", b"of another account")
    await settle(alice)
    await guest.publish("news", b"of the same account")
    await collector.take(1)
    equal(collector.texts(), ["of the same account"], "messages")


@check
async def auth_no_auth_user_refused(t):
    await refused(t, "no_auth_user", user="guest", password="wrong")
