//! The columns that rows can be told apart by.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Attribution, Civil, Error, ErrorKind, Period, Result, UsageEvent};

macro_rules! dimensions {
    ($($(#[$doc:meta])* $dimension:ident = $name:literal, $title:literal;)*) => {
        /// A column of a report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Dimension {
            $($(#[$doc])* $dimension,)*
        }

        impl Dimension {
            /// Every dimension.
            pub const ALL: &'static [Self] = &[$(Self::$dimension),*];

            /// The name, on the command line and in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$dimension => $name,)* }
            }

            /// The heading of a table.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$dimension => $title,)* }
            }
        }
    };
}

dimensions! {
    /// The arm that the spend belongs to.
    Arm = "arm", "Arm";
    /// The client of the arm.
    Client = "client", "Client";
    /// The repository, or the folder where there is none.
    Project = "project", "Project";
    /// The model, as the logs name it.
    Model = "model", "Model";
    /// Who bills for the model.
    Provider = "provider", "Provider";
    /// The civil day in the operator's zone.
    Day = "day", "Day";
    /// The ISO week in the operator's zone.
    Week = "week", "Week";
    /// The civil month in the operator's zone.
    Month = "month", "Month";
    /// The agent's session.
    Session = "session", "Session";
    /// The single request, by the provider's message id.
    Message = "message", "Message";
    /// The sub-agent's type, else its id; the main agent has none.
    Agent = "agent", "Agent";
    /// The skill that was active, where the record names it.
    Skill = "skill", "Skill";
    /// The rule that decided whose the spend is.
    Reason = "reason", "Reason";
}

impl Dimension {
    /// Whether it runs with time.
    pub(super) const fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month)
    }

    /// Whether events without a label are apart from the others, and not one more of them.
    pub(super) const fn nameless_is_last(self) -> bool {
        !matches!(self, Self::Agent)
    }

    /// What people read where events have no label in this column.
    pub const fn nameless(self) -> &'static str {
        match self {
            Self::Arm | Self::Client => "(unattributed)",
            Self::Agent => "(main)",
            _ => "(none)",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dimension {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().copied().find(|dimension| dimension.name() == text);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|dimension| dimension.name()).collect();
            Error::new(ErrorKind::InvalidArgument, format!("not a dimension: `{text}`"))
                .hinted(format!("use one or more of {}, with commas between", names.join(", ")))
        })
    }
}

/// The labels of events; those of time are made once per period, since events come in its order.
pub(super) struct Labels {
    zone: jiff::tz::TimeZone,
    current: [Option<(Period, Arc<str>)>; 3],
}

impl Labels {
    pub(super) fn new(period: &Period) -> Self {
        Self { zone: period.zone().clone(), current: [const { None }; 3] }
    }

    pub(super) fn of(
        &mut self,
        dimension: Dimension,
        event: &UsageEvent,
        attribution: &Attribution,
        at: Timestamp,
    ) -> Result<Option<Arc<str>>> {
        Ok(match dimension {
            Dimension::Arm => attribution.arm.as_ref().map(Into::into),
            Dimension::Model => Some((&event.model).into()),
            Dimension::Session => event.session.as_ref().map(Into::into),
            Dimension::Message => event.evidence.message.as_ref().map(Into::into),
            Dimension::Agent => {
                event.agent_name.clone().or_else(|| event.agent.as_ref().map(Into::into))
            }
            Dimension::Skill => event.skill.clone(),
            Dimension::Reason => Some(attribution.reason.name().into()),
            Dimension::Day => Some(self.time(0, Civil::Day, at)?),
            Dimension::Week => Some(self.time(1, Civil::Week, at)?),
            Dimension::Month => Some(self.time(2, Civil::Month, at)?),
            // The caller knows these.
            Dimension::Client | Dimension::Provider | Dimension::Project => None,
        })
    }

    fn time(&mut self, slot: usize, civil: Civil, at: Timestamp) -> Result<Arc<str>> {
        if let Some((period, label)) = &self.current[slot]
            && period.contains(at)
        {
            return Ok(label.clone());
        }
        let period = civil.containing(at, &self.zone)?;
        let label: Arc<str> = period.label().into();
        self.current[slot] = Some((period, label.clone()));
        Ok(label)
    }
}
