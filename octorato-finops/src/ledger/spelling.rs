//! One spelling of a value for hashing, equal in every store.

use octorato_core::Money;

use crate::budget::SpendPath;

/// Hashes parts, each preceded by its length, so that no two values are spelled the same.
pub(crate) struct Spelling(blake3::Hasher);

impl Spelling {
    /// A spelling of `what`; values of different kinds never have the same hash.
    pub(crate) fn of(what: &str) -> Self {
        let mut spelling = Self(blake3::Hasher::new());
        spelling.text(what);
        spelling
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(&length.to_be_bytes()).update(bytes);
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// A value that may be missing; a missing one differs from an empty one.
    pub(crate) fn maybe(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.bytes(&[1]).text(text),
            None => self.bytes(&[0]),
        }
    }

    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    pub(crate) fn money(&mut self, amount: Money) -> &mut Self {
        self.text(amount.currency().code()).bytes(&amount.pico().to_be_bytes())
    }

    pub(crate) fn path(&mut self, path: &SpendPath) -> &mut Self {
        let SpendPath { client, arm, project, agent, session, run, skill, model, priced_as, tags } =
            path;
        self.maybe(client.as_ref().map(AsRef::as_ref))
            .maybe(arm.as_ref().map(AsRef::as_ref))
            .maybe(project.as_deref())
            .maybe(agent.as_deref())
            .maybe(session.as_ref().map(AsRef::as_ref))
            .maybe(run.as_deref())
            .maybe(skill.as_deref())
            .maybe(model.as_ref().map(AsRef::as_ref))
            .maybe(priced_as.as_ref().map(AsRef::as_ref))
            .number(u64::try_from(tags.len()).unwrap_or(u64::MAX));
        for (name, value) in tags {
            self.text(name).text(value);
        }
        self
    }

    /// The first 16 bytes of the BLAKE3 hash.
    pub(crate) fn hash(&self) -> [u8; 16] {
        let mut hash = [0; 16];
        for (to, from) in hash.iter_mut().zip(self.0.finalize().as_bytes()) {
            *to = *from;
        }
        hash
    }
}
