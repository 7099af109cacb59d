//! Raises the limit of a budget for a while.

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Money, Result};
use octorato_finops::budget::Judge;
use octorato_finops::ledger::keys::{Signer, sign_raise};
use octorato_finops::ledger::{Operation, Raise, fresh_decision};

use super::{Books, sign};

impl Books {
    /// The budget that a person names: by its name, its title or the beginning of its id.
    ///
    /// Fails with [`ErrorKind::NotFound`] where none is meant, and with
    /// [`ErrorKind::InvalidArgument`] where more than one is.
    pub fn find(&self, name: &str) -> Result<&Judge> {
        let judges = self.regime.in_force().judges();
        let is_id = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let exact = judges.iter().filter(|judge| &*judge.title == name);
        let mut found: Vec<&Judge> = exact.collect();
        if found.is_empty() && is_id {
            let wanted = name.to_ascii_lowercase();
            found = judges.iter().filter(|it| it.id.full().starts_with(&wanted)).collect();
        }
        match found[..] {
            [judge] => Ok(judge),
            [] => {
                let titles: Vec<&str> = judges.iter().map(|judge| &*judge.title).collect();
                let error = Error::new(ErrorKind::NotFound, format!("no such budget: `{name}`"));
                Err(match crate::config::nearest::nearest(name, titles.iter().copied()) {
                    Some(meant) => error.hinted(format!("did you mean `{meant}`?")),
                    None => error.hinted("`octorato budget status --json` has names and ids"),
                })
            }
            _ => {
                let ids: Vec<String> = found.iter().map(|it| it.id.to_string()).collect();
                let message = format!("more than one budget has this name: `{name}`");
                Err(Error::new(ErrorKind::InvalidArgument, message)
                    .hinted(format!("give the id of one: {}", ids.join(", "))))
            }
        }
    }

    /// An extension that is not yet in force: so much more for this budget until then, and why.
    ///
    /// Fails where nothing is added, the end is not after the ledger's time, or nobody says why.
    pub fn draft_extension(
        &self,
        judge: &Judge,
        usd: Money,
        until: Timestamp,
        reason: &str,
    ) -> Result<Raise> {
        let refuse = |message: String, hint: &str| {
            Err(Error::new(ErrorKind::InvalidArgument, message).hinted(hint.to_owned()))
        };
        let now = self.ledger.time()?.now;
        if usd.pico() <= 0 {
            return refuse(format!("not an extension: `${usd}`"), "add more than 0 USD");
        }
        if until <= now {
            let hint = format!("the ledger's time is {}", now.strftime("%Y-%m-%d %H:%M:%S UTC"));
            return refuse(format!("the extension would be over already: `{until}`"), &hint);
        }
        if reason.trim().is_empty() {
            return refuse("an extension without a reason".to_owned(), "say why with --reason");
        }
        Ok(Raise {
            id: fresh_decision(now)?,
            budget: judge.id,
            amount: usd,
            until,
            reason: reason.trim().into(),
            signature: None,
        })
    }

    /// Signs an extension and puts it in force.
    pub fn extend(&self, draft: Raise, signer: &Signer) -> Result<Raise> {
        let mut raise = draft;
        sign_raise(&sign::name(&*self.ledger)?, &mut raise, signer)?;
        let answers = self.ledger.commit(&[Operation::Raise(raise.clone())])?;
        answers.into_iter().try_for_each(|answer| answer.map(drop))?;
        Ok(raise)
    }
}
