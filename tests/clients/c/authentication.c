/* Every way to log in, and that nothing else gets in. */
#include "checks.h"
#include "harness.h"

#include <stdio.h>

static void accepted(const char *name, natsOptions *opts)
{
    natsConnection *nc = connect_to(name, opts);
    natsSubscription *sub = subscribe(nc, "hello");
    publish(nc, "hello", "world");
    expect(sub, "world", NULL);
}

static void refused(const char *name, natsOptions *opts)
{
    natsConnection *nc = NULL;
    want(try_connect(name, opts, &nc), NATS_CONNECTION_AUTH_FAILED, "connect");
}

static natsOptions *with_token(const char *token)
{
    natsOptions *opts = options();
    OK(natsOptions_SetToken(opts, token));
    return opts;
}

static natsOptions *with_nkey(const char *key, const char *seed_file)
{
    natsOptions *opts = options();
    OK(natsOptions_SetNKeyFromSeed(opts, setting(key), setting(seed_file)));
    return opts;
}

static natsOptions *with_creds(const char *file)
{
    natsOptions *opts = options();
    OK(natsOptions_SetUserCredentialsFromFiles(opts, setting(file), NULL));
    return opts;
}

void auth_none(void) { accepted("open", options()); }
void auth_token(void) { accepted("token", with_token("t-secret")); }
void auth_bcrypt_token(void) { accepted("token_bcrypt", with_token("hashed-token")); }
void auth_token_refused(void) { refused("token", with_token("wrong")); }
void auth_missing_refused(void) { refused("token", options()); }
void auth_user_password(void) { accepted("users", as_user("alice", "a-secret")); }

static natsStatus connect_by_url(const char *name, const char *user_info)
{
    char url[TEXT_LIMIT];
    natsConnection *nc = NULL;
    snprintf(url, sizeof url, "nats://%s@%s", user_info, server(name));
    natsStatus status = natsConnection_ConnectTo(&nc, url);
    natsConnection_Destroy(nc);
    return status;
}

void auth_url_user_password(void)
{
    want(connect_by_url("users", "alice:a-secret"), NATS_OK, "user and password in the URL");
    want(connect_by_url("token", "t-secret"), NATS_OK, "token in the URL");
    want(connect_by_url("users", "alice:wrong"), NATS_CONNECTION_AUTH_FAILED, "wrong password in the URL");
}

void auth_user_password_refused(void)
{
    refused("users", as_user("alice", "b-secret"));
    refused("users", as_user("nobody", "a-secret"));
}

void auth_bcrypt_password(void) { accepted("users", as_user("bob", "b-secret")); }
void auth_bcrypt_password_refused(void) { refused("users", as_user("bob", "a-secret")); }
void auth_nkey(void) { accepted("nkeys", with_nkey("CLIENT_TEST_NKEY", "CLIENT_TEST_NKEY_SEED")); }
void auth_nkey_refused(void) { refused("nkeys", with_nkey("CLIENT_TEST_STRANGER", "CLIENT_TEST_STRANGER_SEED")); }
void auth_jwt(void) { accepted("operator", with_creds("CLIENT_TEST_CREDS")); }
void auth_jwt_refused(void) { refused("operator", with_creds("CLIENT_TEST_STRANGER_CREDS")); }

void auth_no_auth_user(void)
{
    natsConnection *anonymous = connect_to("no_auth_user", options());
    natsConnection *guest = connect_to("no_auth_user", as_user("guest", "g-secret"));
    natsConnection *alice = connect_to("no_auth_user", as_user("alice", "a-secret"));
    natsSubscription *sub = subscribe(anonymous, "news");
    flush(anonymous);
    publish(alice, "news", "of another account");
    flush(alice);
    publish(guest, "news", "of the same account");
    expect(sub, "of the same account", NULL);
}

void auth_no_auth_user_refused(void) { refused("no_auth_user", as_user("guest", "wrong")); }
