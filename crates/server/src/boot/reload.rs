//! A changed configuration (configuration.md 8.4).

use std::sync::Arc;

use midge_config::options::Options;
use midge_config::reload;

use super::node::Node;
use super::{missing, start};
use crate::settings;
use crate::shard::{Control, Mail};

/// Why nothing was changed.
struct Refusal {
    /// As tools know it.
    text: String,
    /// Where options stand, what was found and what was expected there.
    details: Vec<String>,
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self {
            text,
            details: Vec::new(),
        }
    }
}

impl Node {
    /// Reads the configuration again and applies what has changed, or changes
    /// nothing at all.
    ///
    /// # Errors
    /// Why nothing was changed; it has been logged.
    pub(super) fn reload(&self) -> Result<(), String> {
        // One at a time, or shards could end with different settings.
        let _alone = self.reloading();
        let outcome = self.try_reload();
        let log = &self.server().shared().log;
        outcome.map_err(|refusal| {
            let text = refusal.text.trim_end();
            log.error(format_args!(
                "Failed to reload server configuration: {text}"
            ));
            for detail in &refusal.details {
                log.error(format_args!("{detail}"));
            }
            std::iter::once(text)
                .chain(refusal.details.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join("\n")
        })
    }

    fn try_reload(&self) -> Result<(), Refusal> {
        let loaded = midge_config::resolve_for_reload(self.flags()).map_err(|error| Refusal {
            text: error.headlines(),
            details: error.details(),
        })?;
        let mut new = loaded.options;
        midge_config::validate(&new).map_err(|invalid| Refusal {
            text: invalid.text,
            details: invalid.details,
        })?;
        let old = self.options();
        // "Any port" keeps the one in use.
        for (new, old) in [
            (&mut new.http_port, old.http_port),
            (&mut new.https_port, old.https_port),
        ] {
            if *new < 0 && old > 0 {
                *new = old;
            }
        }
        let changes = reload::plan(&old, &new).map_err(|refusal| refusal.to_string())?;
        if let Some(text) = missing::find(&new) {
            return Err(text.into());
        }
        let shared = self.server().shared();
        let runtime = settings::runtime(&new, &shared.identity, self.port(), self.hidden_user())?;
        settings::apply_accounts(&new, &shared.accounts)?;
        // A client must not move from a shard that has not looked at it again to
        // one that has looked already.
        let _nobody_moves = shared.moves.read_recursive();
        let digest = new.config_digest.clone();
        let runtime = Arc::new(runtime);
        shared.runtime.store(runtime.clone());
        for handle in shared.all_shards() {
            handle.mailbox.send(Mail::Reload(runtime.clone()));
        }
        // Into the old log; what comes after goes to the new one.
        for change in &changes {
            for line in change.to_string().lines().filter(|line| !line.is_empty()) {
                shared.log.info(format_args!("{line}"));
            }
        }
        self.apply_outside_the_shards(&old, &new);
        self.reload_jetstream(&old, &new);
        if new.max_connections < old.max_connections {
            self.close_surplus(new.max_connections);
        }
        self.set_options(new);
        self.set_real_ports();
        shared
            .log
            .info(format_args!("Reloaded server configuration ({digest})"));
        Ok(())
    }

    fn apply_outside_the_shards(&self, old: &Options, new: &Options) {
        let log = &self.server().shared().log;
        // The running sink stays when the new one cannot be opened.
        if let Err(error) = log.reconfigure(&start::log_options(new)) {
            log.error(format_args!("{error}"));
        }
        if old.pid_file != new.pid_file
            && let Some(path) = &new.pid_file
            && let Err(error) = crate::process::write_pid_file(path)
        {
            log.error(format_args!("Failed to write pidfile: {error}"));
        }
        if old.ports_file_dir != new.ports_file_dir {
            self.move_ports_file(new);
        }
    }

    fn move_ports_file(&self, new: &Options) {
        let log = &self.server().shared().log;
        if let Some(file) = self.take_ports_file()
            && let Err(error) = file.remove()
        {
            log.error(format_args!("{error}"));
        }
        if let Some(folder) = &new.ports_file_dir {
            let file = crate::process::PortsFile::new(folder);
            if let Err(error) = file.write(&self.listeners()) {
                log.error(format_args!("{error}"));
            }
            self.set_ports_file(file);
        }
    }

    /// Closes clients beyond a lowered limit, chosen at random.
    fn close_surplus(&self, limit: i64) {
        let mut clients = self.clients();
        let keep = usize::try_from(limit).unwrap_or(0);
        if clients.len() <= keep {
            return;
        }
        fastrand::shuffle(&mut clients);
        let surplus = clients.split_off(keep);
        let shared = self.server().shared();
        for (id, handle) in shared.all_shards().iter().enumerate() {
            let here: Vec<u64> = surplus
                .iter()
                .filter(|(shard, _)| usize::from(*shard) == id)
                .map(|&(_, cid)| cid)
                .collect();
            handle
                .mailbox
                .send(Mail::Control(Box::new(Control::CloseSurplus(here))));
        }
        shared.log.info(format_args!(
            "Closed {} connections to fall within max_connections",
            surplus.len()
        ));
    }
}
