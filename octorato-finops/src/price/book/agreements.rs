//! What of the operator's own prices is about a model, on whatever day.

use super::super::contract::{Contract, Discount};
use super::super::own_model::OwnModel;
use super::{Base, BookPrice};

impl<'b> BookPrice<'b> {
    /// The contracts about it, the most specific first, on whatever days and for whatever way of
    /// processing: see [`Contract`] for which of them a request is charged by.
    pub fn contracts(&self) -> impl Iterator<Item = &'b Contract> {
        self.contracts.iter().map(|(_, contract)| *contract)
    }

    /// The discounts about it, the most specific first, on whatever days: see [`Discount`] for
    /// which of them a unit has.
    pub fn discounts(&self) -> impl Iterator<Item = &'b Discount> {
        self.discounts.iter().map(|(_, discount)| *discount)
    }

    /// The prices of an own model, each on days of its own; none where the price is of the list.
    pub fn own_models(&self) -> impl Iterator<Item = &'b OwnModel> {
        let eras = match &self.base {
            Base::Listed(_) => &[][..],
            Base::Own(own) => &own.eras[..],
        };
        eras.iter().map(|(model, _)| *model)
    }
}
