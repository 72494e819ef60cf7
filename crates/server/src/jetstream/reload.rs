//! A reload: limits change while streams go on, accounts come and go.

use std::sync::Arc;

use midge_jetstream::context::Settings;
use midge_jetstream::limits::ServerLimits;

use super::command::Command;
use super::mailbox::WorkerMail;
use super::start::{AccountPlan, open_account};
use super::{AccountState, JetStream};
use crate::server::Shared;

impl JetStream {
    /// Applies new limits of the server, and the accounts that are to have
    /// JetStream with theirs. Streams of accounts that had it go on; those of
    /// others are opened or closed.
    pub(crate) fn reconfigure(
        &self,
        shared: &Shared,
        limits: &ServerLimits,
        planned: Vec<AccountPlan>,
    ) {
        self.limits.store(Arc::new(limits.clone()));
        for state in self.accounts() {
            let stays = |plan: &AccountPlan| plan.account.id == state.account.id;
            if !planned.iter().any(stays) {
                self.end_account(&state);
            }
        }
        for plan in planned {
            match self.account(plan.account.id) {
                Some(state) => self.set_limits(&state, limits, plan),
                None => self.begin_account(shared, limits, plan),
            }
        }
        self.hear_requests(shared);
    }

    fn set_limits(&self, state: &AccountState, limits: &ServerLimits, plan: AccountPlan) {
        let old = state.settings.load();
        let new = Arc::new(Settings {
            account: old.account.clone(),
            domain: old.domain.clone(),
            server_name: old.server_name.clone(),
            limits: limits.clone(),
            account_limits: Some(plan.limits),
            account_usage: old.account_usage.clone(),
            server_usage: old.server_usage.clone(),
        });
        state.settings.store(new.clone());
        self.tell_workers(|| Command::Settings(plan.account.id, new.clone()));
    }

    /// Streams that are on disk are opened before requests reach the account.
    fn begin_account(&self, shared: &Shared, limits: &ServerLimits, plan: AccountPlan) {
        let id = plan.account.id;
        let state = Arc::new(self.new_account(limits, plan));
        open_account(shared, self, &state, |recovered| {
            let command = Command::Opened {
                state: state.clone(),
                recovered: Box::new(recovered),
            };
            self.api.send(WorkerMail::Command(Box::new(command)));
        });
        self.accounts.write().insert(id, state);
    }

    fn end_account(&self, state: &AccountState) {
        let id = state.account.id;
        self.accounts.write().remove(&id);
        let command = Command::EndAccount(id);
        self.api.send(WorkerMail::Command(Box::new(command)));
        self.tell_workers(|| Command::EndAccount(id));
    }

    fn tell_workers(&self, command: impl Fn() -> Command) {
        for worker in &self.workers {
            worker.send(WorkerMail::Command(Box::new(command())));
        }
    }
}
