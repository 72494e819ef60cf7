//! Users by client certificate (security.md 4).

use midge_identity::{CertificateMatch, ConnectionType, Refusal};
use midge_subject::quote;

use super::Shard;
use crate::tls;

impl Shard {
    /// Gives a client the name of the user that its certificate names. What it
    /// says of itself does not count.
    pub(super) fn name_by_certificate(&mut self, slot: u32) -> Result<(), Refusal> {
        let CertificateMatch { user, notes } = self.user_by_certificate(slot);
        for note in &notes {
            self.log_debug(slot, format_args!("{note}"));
        }
        let user = user.ok_or(Refusal::Certificate)?;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return Err(Refusal::UnknownUser);
        };
        let claimed = std::mem::replace(&mut connection.options.user, user);
        // A client that is in already has its name from here.
        let own = connection.authenticated && claimed == connection.options.user;
        if !claimed.is_empty() && !own {
            self.shared.log.warn(format_args!(
                "User {} found in connect proto, but user required from cert",
                quote(claimed.as_bytes())
            ));
        }
        Ok(())
    }

    fn user_by_certificate(&self, slot: u32) -> CertificateMatch {
        let nothing = |note: &str| CertificateMatch {
            user: None,
            notes: vec![note.to_owned()],
        };
        let connection = self.connections.get(slot as usize);
        let Some(session) = connection.and_then(|connection| connection.transport.session()) else {
            return nothing("User required in cert, no TLS connection state");
        };
        let Some((first, rest)) = session.peer_certificates().and_then(|c| c.split_first()) else {
            return nothing("User required in cert, no peer certificates found");
        };
        let Some(names) = tls::names(first) else {
            return nothing("User required in cert, none found");
        };
        let auth = &self.runtime.auth;
        let mut found = auth.match_certificate(&names, ConnectionType::Standard);
        if !rest.is_empty() {
            let note = "Multiple peer certificates found, selecting first";
            found.notes.insert(0, note.to_owned());
        }
        found
    }
}
