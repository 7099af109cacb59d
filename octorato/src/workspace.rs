//! Where configuration, logs and prices meet.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_brain::Brain;
use octorato_core::{Arm, ArmId, Arms, ClientId, Diagnostic, Error, ErrorKind, Result, UsageEvent};
use octorato_finops::attribute::{LocalDisk, Pins, Resolver};
use octorato_finops::ledger::Ledger;
use octorato_finops::logs::{self, Place, Progress, Reading};
use octorato_finops::price::PriceBook;
use octorato_finops::recost::Corrections;
use octorato_finops::report::{Bookings, Query, Report, report, report_booked};

use crate::assignments::{self, Assignment, Subject};
use crate::config::arms;
use crate::config::edit::{NewArm, add_arm};
use crate::config::nearest::nearest;
use crate::config::places::Places;
use crate::config::prices;
use crate::corrections;
use crate::files::Lock;
use crate::scan::{Scan, scan};
use crate::snapshots::Snapshots;

/// One operator's arms, assignments and brain, read once.
#[derive(Debug)]
pub struct Workspace {
    places: Places,
    arms: Arms,
    warnings: Vec<Diagnostic>,
    prices: PriceBook,
    price_warnings: Vec<Diagnostic>,
    pins: Pins,
    pub(crate) corrections: Corrections,
    brain: Option<Brain>,
    declared: bool,
}

impl Workspace {
    /// Reads what lies at `places`. No `arms.yaml` means no arms and no `prices.yaml` the current
    /// price list alone; one that cannot be used is an error with every finding, since a report with
    /// half of the arms or of the prices would be wrong.
    pub fn open(places: Places) -> Result<Self> {
        let file = places.arms();
        let (arms, warnings, declared) = match arms::load(&file, places.home_text()) {
            Ok((arms, warnings)) => (arms, warnings, true),
            Err(error) if error.kind() == ErrorKind::NotFound => (Arms::none(), Vec::new(), false),
            Err(error) => return Err(error),
        };
        let pins = assignments::load(&assignments::file(&places))?;
        if let Some(arm) = pins.arms().find(|id| arms.arm(id).is_none()) {
            let file = assignments::file(&places);
            return Err(Error::new(
                ErrorKind::Config,
                format!("assigned to an arm that arms.yaml does not declare: `{arm}`"),
            )
            .with("file", file.display())
            .hinted("declare the arm again in arms.yaml, or remove the line from the file"));
        }
        let snapshots = Snapshots::of(&places);
        let (prices, price_warnings) =
            prices::load(&places.prices(), places.home_text(), &|name| snapshots.open(name))?;
        let brain = places.brain.as_deref().map(Brain::open).transpose()?;
        let corrections = corrections::load(&corrections::folder(&places))?;
        Ok(Self {
            places,
            arms,
            warnings,
            prices,
            price_warnings,
            pins,
            corrections,
            brain,
            declared,
        })
    }

    /// What booking needs, where the arms are known already: the assignments and the prices.
    pub(crate) fn for_booking(places: Places, arms: Arms) -> Result<Self> {
        let pins = assignments::load(&assignments::file(&places))?;
        let snapshots = Snapshots::of(&places);
        let open = |name: &str| snapshots.open(name);
        let (prices, price_warnings) = prices::load(&places.prices(), places.home_text(), &open)?;
        Ok(Self {
            places,
            arms,
            warnings: Vec::new(),
            prices,
            price_warnings,
            pins,
            corrections: Corrections::default(),
            brain: None,
            declared: true,
        })
    }

    /// The declared arms.
    pub fn arms(&self) -> &Arms {
        &self.arms
    }

    /// Findings about `arms.yaml` that leave it usable.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The prices: the current price list, or that which `prices.yaml` names, and the operator's
    /// own prices on top of it.
    pub fn prices(&self) -> &PriceBook {
        &self.prices
    }

    /// Findings about `prices.yaml` that leave it usable.
    pub fn price_warnings(&self) -> &[Diagnostic] {
        &self.price_warnings
    }

    /// Whether there is an `arms.yaml`.
    pub fn has_arms_file(&self) -> bool {
        self.declared
    }

    /// Where everything lies.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The brain, where one was named.
    pub fn brain(&self) -> Option<&Brain> {
        self.brain.as_ref()
    }

    /// Reads the transcripts under `logs` and sums them up.
    pub fn report(&self, logs: &[Place], query: &Query, progress: &dyn Progress) -> Result<Report> {
        self.check(query)?; // before reading, which takes its time
        self.report_on(&logs::read(logs, progress), query)
    }

    /// Sums up what has been read already. An arm or a client that is not declared is an error.
    pub fn report_on(&self, reading: &Reading, query: &Query) -> Result<Report> {
        self.check(query)?;
        let mut resolver = self.resolver()?;
        report(reading, &self.arms, &mut resolver, &self.prices, &self.corrections, query)
    }

    /// Sums up what a ledger has booked; see [`report_booked`]. An arm or a client that is not
    /// declared is an error.
    pub fn report_booked(&self, ledger: &dyn Ledger, query: &Query) -> Result<Report> {
        self.check(query)?;
        report_booked(&Bookings::of(ledger)?, &self.arms, &LocalDisk, &self.prices, query)
    }

    /// That the query names only what is declared.
    pub(crate) fn check(&self, query: &Query) -> Result<()> {
        self.check_names(query.arm.as_ref(), query.client.as_ref())
    }

    /// That an arm and a client are declared, where they are named.
    pub fn check_names(&self, arm: Option<&ArmId>, client: Option<&ClientId>) -> Result<()> {
        for (kind, id, known) in [
            ("arm", arm.map(ToString::to_string), self.arm_names()),
            ("client", client.map(ToString::to_string), self.client_names()),
        ] {
            if let Some(id) = id
                && !known.contains(&id)
            {
                return Err(unknown(kind, &id, &known));
            }
        }
        Ok(())
    }

    /// Proposes arms for the work in the transcripts under `logs` and in the repositories under
    /// `folders` that no arm covers. `now` decides which month is the last one.
    pub fn scan(
        &self,
        logs: &[Place],
        folders: &[std::path::PathBuf],
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Scan> {
        scan(self, &logs::read(logs, progress), folders, now)
    }

    /// What was given to arms by hand.
    pub(crate) fn pins(&self) -> &Pins {
        &self.pins
    }

    /// The declared arm of this id.
    pub fn declared_arm(&self, id: &ArmId) -> Result<&Arm> {
        self.arms.arm(id).ok_or_else(|| unknown("arm", id.as_str(), &self.arm_names()))
    }

    /// Whose work in a folder of this machine is at a time, and the project that it belongs to;
    /// nobody's where the folder says nothing.
    pub fn owner_of(
        &self,
        folder: &Path,
        at: Timestamp,
    ) -> Result<(Option<ArmId>, Option<Arc<str>>)> {
        let folder = folder.to_string_lossy();
        let (attribution, project) = self.resolver()?.owner(&folder, at);
        Ok((attribution.arm, project))
    }

    /// A resolver for these arms on this machine.
    pub(crate) fn resolver(&self) -> Result<Resolver<'static>> {
        Resolver::new(&self.arms, self.pins.clone(), &LocalDisk)
    }

    /// Adds arms to `arms.yaml` and leaves the rest of the file as it is. All or none are added.
    pub fn add_arms(&mut self, new: &[NewArm]) -> Result<()> {
        let path = self.places.arms();
        if !self.declared {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("no arms file: `{}`", path.display()),
            )
            .hinted("run `octorato init` first"));
        }
        // Whoever else adds arms at this moment waits, and then reads these.
        let lock = Lock::of(&path)?;
        let home = self.places.home_text();
        let mut text = arms::read(&path)?.text().to_owned();
        for arm in new {
            text = add_arm(&text, arm, home)?;
        }
        lock.replace(&text)?;
        (self.arms, self.warnings) = arms::load(&path, home)?;
        Ok(())
    }

    /// Gives a session or a message to an arm, from now on in every report. It must occur in
    /// `logs`; the answer says how many requests it is about.
    pub fn assign(&mut self, assignment: &Assignment, logs: &Reading) -> Result<u64> {
        if self.arms.arm(&assignment.arm).is_none() {
            return Err(unknown("arm", assignment.arm.as_str(), &self.arm_names()));
        }
        let is_meant = |event: &&UsageEvent| match &assignment.subject {
            Subject::Session(session) => event.session.as_ref() == Some(session),
            Subject::Message(message) => event.evidence.message.as_ref() == Some(message),
        };
        let requests = logs.events.iter().filter(is_meant).count() as u64;
        if requests == 0 {
            let (noun, id) = match &assignment.subject {
                Subject::Session(session) => ("session", session.as_str()),
                Subject::Message(message) => ("message", message.as_str()),
            };
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("no such {noun} in the transcripts: `{id}`"),
            )
            .hinted(
                "`octorato report --by session` lists sessions; --logs names other transcripts",
            ));
        }
        let path = assignments::file(&self.places);
        self.pins = assignments::append(&path, assignment)?;
        Ok(requests)
    }

    fn arm_names(&self) -> Vec<String> {
        self.arms.arms.iter().map(|arm| arm.id.to_string()).collect()
    }

    fn client_names(&self) -> Vec<String> {
        self.arms.clients.iter().map(|client| client.id.to_string()).collect()
    }
}

fn unknown(kind: &str, id: &str, known: &[String]) -> Error {
    let error = Error::new(ErrorKind::NotFound, format!("no such {kind}: `{id}`"));
    if known.is_empty() {
        return error.hinted("no arms are declared yet; `octorato scan` proposes some");
    }
    error.hinted(match nearest(id, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known: {}", known.join(", ")),
    })
}
