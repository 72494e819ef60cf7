//! Requests of the system account (jetstream-api.md 2.2, 13.5).

use midge_jetstream::api::{Empty, Endpoint, push_error, push_reply};
use midge_jetstream::error::catalogue as errors;

use super::api::Api;
use super::command::{ApiCall, Command};
use super::publisher::Outbound;

/// The body of a reply to a purge of an account.
#[derive(Default, serde::Serialize)]
struct Initiated {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    initiated: bool,
}

impl Api {
    /// A request of the system account, which has no streams itself
    /// (jetstream-api.md 2.2, 13.5).
    pub(super) fn on_system_request(&mut self, call: &ApiCall) {
        let subject = String::from_utf8_lossy(&call.subject).into_owned();
        if subject == "$JS.API.INFO" {
            self.refuse(call, &Endpoint::Info, &errors::NOT_ENABLED_FOR_ACCOUNT);
        } else if let Some(account) = subject.strip_prefix("$JS.API.ACCOUNT.PURGE.") {
            self.on_purge(call, account);
        } else {
            self.send_json(call, |out| {
                let error = &errors::NOT_ENABLED_FOR_ACCOUNT;
                push_error(out, "system_response", error, &Empty {});
            });
        }
    }

    /// Removes all streams of an account, whether it is known or not.
    fn on_purge(&mut self, call: &ApiCall, name: &str) {
        const REPLY: &str = "account_purge_response";
        if name.contains(['/', '\\']) {
            let error = errors::STREAM_GENERAL.with("account name can not contain path separators");
            self.send_json(call, |out| {
                push_error(out, REPLY, &error, &Initiated::default())
            });
            return;
        }
        if let Some(account) = self.shared.accounts.get(name)
            && let Some(catalog) = self.catalogs.get(&account.id)
        {
            let names: Vec<String> = catalog.names().map(str::to_owned).collect();
            for stream in names {
                let delete = ApiCall {
                    account: account.clone(),
                    subject: format!("$JS.API.STREAM.DELETE.{stream}").into_bytes(),
                    reply: Vec::new(),
                    header: Vec::new(),
                    body: Vec::new(),
                    client: None,
                };
                self.send_to_worker(&stream, Command::Call(delete), account.id);
            }
        }
        self.send_json(call, |out| {
            push_reply(out, REPLY, &Initiated { initiated: true })
        });
    }

    /// Sends a reply that is no stream's.
    fn send_json(&mut self, call: &ApiCall, write: impl FnOnce(&mut Vec<u8>)) {
        if call.reply.is_empty() {
            return;
        }
        let mut payload = Vec::new();
        write(&mut payload);
        let outbound = Outbound {
            to: &call.reply,
            subject: &call.reply,
            reply: b"",
            header: b"",
            payload: &payload,
        };
        self.publisher
            .publish(&self.shared, &call.account, &outbound);
    }
}
