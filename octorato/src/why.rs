//! One request's way from the log to its amount, for whoever doubts a number.

use octorato_core::{
    Attribution, ClientId, MessageId, Money, Period, ProviderId, Result, UsageEvent,
};
use octorato_finops::logs::Reading;
use octorato_finops::price::{BookPrice, PriceBook, Priced};
use octorato_finops::recost::{Standing, alike};
use octorato_finops::report::Shares;

use crate::Workspace;

/// What a request is known by, whose it is, and what it costs.
#[derive(Debug)]
pub struct Why<'w> {
    /// The request with its evidence.
    pub event: UsageEvent,
    /// Whose it is, and by which rule.
    pub attribution: Attribution,
    /// The client of the arm.
    pub client: Option<ClientId>,
    /// The price that was found and what the request costs by it, or why there is none.
    pub price: Result<(BookPrice<'w>, Priced)>,
    /// The plan that covers the request, and the request's share of its fee for the month.
    pub plan: Option<(&'w str, Money)>,
    /// What was restated of the request, and of all that look the same, beside what the prices say.
    pub corrections: Option<Standing<'w>>,
}

impl Workspace {
    /// Explains the requests of a message: mostly one; an advisor's beside it has the same id.
    ///
    /// ```
    /// use octorato::Workspace;
    /// use octorato::config::places::{Named, Places};
    /// use octorato::finops::logs::Reading;
    ///
    /// # let folder = std::env::temp_dir().join(format!("octorato-why-{}", std::process::id()));
    /// # let named = Named { home: Some(folder.clone()), state: Some(folder), brain: None };
    /// let workspace = Workspace::open(Places::from_env(named)?)?;
    /// assert!(workspace.why(&Reading::default(), &"msg_1".into())?.is_empty());
    /// # Ok::<(), octorato::core::Error>(())
    /// ```
    pub fn why(&self, reading: &Reading, message: &MessageId) -> Result<Vec<Why<'_>>> {
        let attributions = self.resolver()?.resolve(&reading.events);
        let is_meant = |event: &UsageEvent| event.evidence.message.as_ref() == Some(message);
        let period = Period::all(&self.arms().zone);
        let shares = Shares::of(reading, self.resolver()?.disk(), self.prices(), &period)?;
        let plans = &self.prices().overlays().plans;
        let mut answers = Vec::new();
        for (at, (event, attribution)) in reading.events.iter().zip(attributions).enumerate() {
            if !is_meant(event) {
                continue;
            }
            let alike = alike(&reading.events, event);
            answers.push(Why {
                event: event.clone(),
                client: attribution
                    .arm
                    .as_ref()
                    .and_then(|arm| self.arms().arm(arm))
                    .map(|arm| arm.client.clone()),
                price: price(self.prices(), event),
                plan: shares
                    .of_event(at)
                    .and_then(|share| Some((plans.get(share.plan)?.id.as_str(), share.amount))),
                corrections: self.corrections.standing(&alike, self.prices())?,
                attribution,
            });
        }
        Ok(answers)
    }
}

fn price<'b>(book: &'b PriceBook, event: &UsageEvent) -> Result<(BookPrice<'b>, Priced)> {
    let provider = event.provider.as_ref().map(ProviderId::as_str);
    let price = book.find(provider, event.model.as_str())?;
    let priced = price.charge(&event.usage, event.at, &event.context)?;
    Ok((price, priced))
}
