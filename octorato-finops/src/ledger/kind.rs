//! The kinds of entries, as the journal numbers them. A number never gets another meaning.

use super::entry::Fact;

macro_rules! kinds {
    ($($kind:ident = $number:literal, $name:literal;)*) => {
        /// A kind of entry: which [`Fact`] it tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            $(
                #[doc = concat!("[`Fact::", stringify!($kind), "`].")]
                $kind,
            )*
        }

        impl Kind {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            const fn number(self) -> i64 {
                match self { $(Self::$kind => $number,)* }
            }

            /// What people read.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            fn of_number(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$kind),)* _ => None }
            }
        }
    };
}

kinds! {
    Reserved = 1, "reserved";
    Extended = 2, "extended";
    Settled = 3, "settled";
    Released = 4, "released";
    Orphaned = 5, "orphaned";
    Resolved = 6, "resolved";
    Corrected = 7, "corrected";
    Adjusted = 8, "adjusted";
    Imported = 9, "imported";
    Adopted = 10, "adopted";
    Opened = 11, "opened";
    Raised = 12, "raised";
    Closed = 13, "closed";
    ClockReset = 14, "clock reset";
    Confirmed = 15, "confirmed";
    WouldDeny = 16, "would deny";
    Reversed = 17, "reversed";
    Rebooked = 18, "rebooked";
    TierReached = 19, "tier reached";
    KeyAdded = 20, "key added";
}

/// The highest number, twice the kind, of what is about a call that was reserved before.
pub(crate) const LAST_OF_CALLS: i64 = 13;
/// The lowest.
pub(crate) const FIRST_OF_CALLS: i64 = 4;

impl Kind {
    /// As the column has it: twice the number, and one more where the postings are rows.
    pub(crate) const fn column(self, has_postings: bool) -> i64 {
        self.number() * 2 + if has_postings { 1 } else { 0 }
    }

    /// The kind of a column, and whether the postings are rows.
    pub(crate) fn of_column(column: i64) -> Option<(Self, bool)> {
        Some((Self::of_number(column >> 1)?, column & 1 == 1))
    }

    /// The kind of a fact.
    pub const fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Reserved { .. } => Self::Reserved,
            Fact::Extended { .. } => Self::Extended,
            Fact::Settled { .. } => Self::Settled,
            Fact::Released { .. } => Self::Released,
            Fact::Orphaned { .. } => Self::Orphaned,
            Fact::Resolved { .. } => Self::Resolved,
            Fact::Corrected(_) => Self::Corrected,
            Fact::Adjusted { .. } => Self::Adjusted,
            Fact::Imported { .. } => Self::Imported,
            Fact::Adopted(_) => Self::Adopted,
            Fact::Opened { .. } => Self::Opened,
            Fact::Raised(_) => Self::Raised,
            Fact::Closed(_) => Self::Closed,
            Fact::ClockReset { .. } => Self::ClockReset,
            Fact::Confirmed { .. } => Self::Confirmed,
            Fact::WouldDeny { .. } => Self::WouldDeny,
            Fact::Reversed { .. } => Self::Reversed,
            Fact::Rebooked { .. } => Self::Rebooked,
            Fact::TierReached { .. } => Self::TierReached,
            Fact::KeyAdded(_) => Self::KeyAdded,
        }
    }

    /// Whether it is about a call that was reserved before.
    pub(crate) const fn follows_a_reserve(self) -> bool {
        let column = self.column(false);
        FIRST_OF_CALLS <= column && column < LAST_OF_CALLS
    }
}
