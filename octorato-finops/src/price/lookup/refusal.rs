//! What has no price, said so that something can be done about it.

use octorato_core::{Error, ErrorKind};

use super::{bedrock, name};
use crate::price::catalog::{Catalog, Provider};
use crate::price::table::Model;

/// How many of the names that were tried are told.
const TOLD: usize = 6;

/// How much of a name is shown.
const SHOWN: usize = 80;

const HOW_TO_PRICE: &str = "give it a price, or the model that it runs, in `prices.yaml` `models`";

/// A name that is longer than any model's.
pub(super) fn too_long(name: &str) -> Error {
    let shown: String = name.chars().take(SHOWN).collect();
    Error::new(ErrorKind::Unpriced, format!("not the name of a model: `{shown}...`"))
        .with("bytes", name.len())
        .hinted(format!("names have at most {} bytes", super::LONGEST))
}

/// An error where the name is that of a thing which runs a model without naming it, or which is
/// paid by the hour.
pub(super) fn opaque(name: &str) -> Option<Error> {
    let kind = opaque_kind(name)?;
    let error =
        Error::new(ErrorKind::Unpriced, format!("the name of {kind} tells no price: `{name}`"));
    Some(error.hinted(HOW_TO_PRICE))
}

fn opaque_kind(name: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 8] = [
        ("application-inference-profile", "an application inference profile"),
        ("provisioned-model", "provisioned throughput, which is paid by the hour,"),
        ("custom-model-deployment", "a custom model's deployment"),
        ("custom-model", "a custom model"),
        ("imported-model", "an imported model"),
        ("default-prompt-router", "a prompt router"),
        ("prompt-router", "a prompt router"),
        ("prompt", "a stored prompt"),
    ];
    // All of them are paths or ARNs.
    memchr::memchr3(b'/', b':', b'%', name.as_bytes())?;
    let unescaped;
    let name = if name.contains('%') {
        unescaped = name.replace("%3a", ":").replace("%2f", "/");
        &unescaped
    } else {
        name
    };
    if let Some(at) = name.find("arn:aws")
        && let Some(bedrock::Arn::Opaque(kind)) = bedrock::arn(&name[at..])
    {
        let known = KINDS.iter().find(|(known, _)| *known == kind);
        return Some(known.map_or("a resource", |(_, words)| words));
    }
    if name.contains("-month-commitment/") {
        return Some("provisioned throughput, which is paid by the hour,");
    }
    let path = name.find("projects/").map(|at| &name[at..]);
    let is_endpoint = path.is_some_and(|path| path.contains("/endpoints/"));
    if is_endpoint || name.contains("tunedmodels/") {
        return Some("a tuned model or an endpoint");
    }
    None
}

impl Catalog {
    /// No list is of the provider of this name.
    pub(in crate::price) fn unknown_provider(&self, name: &str) -> Error {
        let known: Vec<_> = self.providers().iter().map(Provider::id).collect();
        let shown: String = name.chars().take(SHOWN).collect();
        Error::new(ErrorKind::Unpriced, format!("no price list of provider: `{shown}`"))
            .with("price list", self.source())
            .hinted(format!("use one of {}", known.join(", ")))
    }

    /// No provider is named, and none claims the name.
    pub(super) fn unclaimed(&self, name: &str) -> Error {
        let said = format!("no provider of the price list has models named like `{name}`");
        Error::new(ErrorKind::Unpriced, said)
            .with("price list", self.source())
            .hinted("name the provider; `octorato prices update` fetches newer prices")
    }

    /// The provider's lists have nothing for the name, nor for what was made of it.
    pub(super) fn unknown_model(&self, at: usize, model: &str, rewritten: &[String]) -> Error {
        let provider = &self.providers()[at];
        let lower = model.to_lowercase();
        let mut tried = format!("the models of {}", provider.id());
        for other in &provider.resells {
            tried.extend([", those of ", other]);
        }
        let dashed = name::with_dashed_dates(&lower);
        for name in rewritten.iter().chain(&dashed).take(TOLD) {
            tried.extend([", the name `", name, "`"]);
        }
        let error = Error::new(ErrorKind::Unpriced, format!("no price for model: `{model}`"))
            .with("provider", provider.id())
            .with("tried", tried)
            .with("price list", self.source());
        let last = rewritten.last().unwrap_or(&lower);
        if name::fine_tune(last).is_some() {
            return error
                .hinted(format!("a fine-tune never has the price of its base; {HOW_TO_PRICE}"));
        }
        if provider.id() == "azure" {
            return error.hinted(format!(
                "a deployment's name does not tell the model that it runs; {HOW_TO_PRICE}"
            ));
        }
        let near = self.nearest(at, last);
        error.hinted(if near.is_empty() {
            "`octorato prices update` fetches newer prices".to_owned()
        } else {
            format!(
                "the list has {}; `octorato prices update` fetches newer prices",
                near.join(", ")
            )
        })
    }

    /// At most three models of a list whose ids begin like `name`, the most alike first.
    pub(in crate::price) fn nearest(&self, at: usize, name: &str) -> Vec<&str> {
        const ENOUGH: usize = 4;
        const MOST: usize = 3;
        let Ok(models) = self.list_at(at) else { return Vec::new() };
        let (all, name) = (models.by_id(), name.as_bytes());
        let id =
            |place: &u32| models.all.get(*place as usize).map_or("", Model::small_id).as_bytes();
        let alike = |place: Option<&u32>| {
            let same = place.map_or(&[][..], id).iter().zip(name);
            same.take_while(|(a, b)| a == b).count()
        };
        // The ids stand in their order, so those that begin alike stand around the name's place.
        let mut start = all.partition_point(|place| id(place) < name);
        let mut end = start;
        let mut near = Vec::with_capacity(MOST);
        while near.len() < MOST {
            let level = alike(all[..start].last()).max(alike(all.get(end)));
            if level < ENOUGH {
                break;
            }
            let stem = &name[..level];
            let first = all[..start].partition_point(|place| id(place) < stem);
            let last = end + all[end..].partition_point(|place| id(place).starts_with(stem));
            let next = all[first..start].iter().chain(&all[end..last]);
            let ids = next.filter_map(|place| models.all.get(*place as usize)).map(Model::id);
            near.extend(ids.take(MOST - near.len()));
            (start, end) = (first, last);
        }
        near
    }
}
