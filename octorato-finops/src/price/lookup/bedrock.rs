//! The names of Amazon Bedrock: regions, vendors and ARNs.
//!
//! Source: Amazon Bedrock user guide, supported foundation models and inference profiles; AWS
//! service authorization reference, resource types of Amazon Bedrock.

/// What names the geography of a cross-region inference profile.
const GEOGRAPHIES: [&str; 14] = [
    "us", "eu", "apac", "jp", "au", "in", "ca", "sa", "uk", "me", "af", "us-gov", "global",
    // Not a name of Bedrock's: the price list's word for all geographies but the global one.
    "regional",
];

/// Who makes models that Bedrock sells, as its ids begin.
const VENDORS: [&str; 20] = [
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "xai",
    "zai",
];

/// The geography of an id and the id without it: `us` and `anthropic.claude-opus-5`.
pub(super) fn geography(name: &str) -> Option<(&str, &str)> {
    let (first, rest) = name.split_once('.')?;
    let is_id = rest.split_once('.').is_some_and(|(vendor, _)| VENDORS.contains(&vendor));
    (is_id && GEOGRAPHIES.contains(&first)).then_some((first, rest))
}

/// Whether the name has the form of a Bedrock id: `us.anthropic.claude-opus-5`, `amazon.nova-pro`.
pub(super) fn is_id(name: &str) -> bool {
    let rest = geography(name).map_or(name, |(_, rest)| rest);
    rest.split_once('.').is_some_and(|(vendor, model)| {
        VENDORS.contains(&vendor) && model.starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

/// Whether the text is the name of an AWS region, such as `us-east-1` or `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let mut words = text.split('-');
    let area = words.next().is_some_and(|area| area.len() == 2 && is_letters(area));
    let number =
        words.next_back().is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
    let count = text.split('-').count();
    area && number && (3..=4).contains(&count) && words.all(is_letters)
}

fn is_letters(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// What an ARN of Bedrock names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arn<'a> {
    /// A model or a system's inference profile, and the region where it is called.
    Model {
        /// The id, with a geography where it is a profile.
        id: &'a str,
        /// Where it is called; none in the ARN of a profile, whose id tells where it may run.
        region: Option<&'a str>,
    },
    /// A thing that runs a model without naming it, such as `application-inference-profile`.
    Opaque(&'a str),
}

/// Reads a lower-case ARN: `arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0`.
pub(super) fn arn(name: &str) -> Option<Arn<'_>> {
    let mut parts = name.strip_prefix("arn:aws")?.splitn(5, ':');
    let (_partition, service) = (parts.next()?, parts.next()?);
    let (region, _account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let (kind, id) = resource.split_once('/').unwrap_or((resource, ""));
    Some(match (service, kind) {
        ("bedrock", "foundation-model") => Arn::Model { id, region: Some(region) },
        ("bedrock", "inference-profile") if is_id(id) => Arn::Model { id, region: None },
        _ => Arn::Opaque(kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_names_with_dots() {
        for name in ["us.anthropic.claude-opus-5", "amazon.nova-pro-v1:0", "deepseek.r1-v1:0"] {
            assert!(is_id(name), "{name}");
        }
        for name in ["claude-opus-4.8", "us.claude", "gpt-4.1", "anthropic.", "openai/gpt-5.5", ""]
        {
            assert!(!is_id(name), "{name}");
        }
        assert_eq!(geography("global.openai.gpt-6"), Some(("global", "openai.gpt-6")));
        assert_eq!(geography("openai.gpt-5.5"), None);
    }

    #[test]
    fn regions_are_told_from_models() {
        for region in ["us-east-1", "us-gov-west-1", "ap-southeast-2", "ca-central-1"] {
            assert!(is_region(region), "{region}");
        }
        for text in ["us", "us-east", "gpt-4o-1", "claude-opus-5", "o1-mini-1", ""] {
            assert!(!is_region(text), "{text}");
        }
    }

    #[test]
    fn arns_name_a_model_or_none() {
        let model = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0";
        let region = Some("eu-west-1");
        assert_eq!(arn(model), Some(Arn::Model { id: "amazon.nova-lite-v1:0", region }));
        let profile =
            "arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.amazon.nova-lite";
        assert_eq!(arn(profile), Some(Arn::Model { id: "us-gov.amazon.nova-lite", region: None }));
        for kind in ["application-inference-profile", "provisioned-model", "imported-model"] {
            assert_eq!(
                arn(&format!("arn:aws:bedrock:us-east-1:1:{kind}/x")),
                Some(Arn::Opaque(kind))
            );
        }
        assert_eq!(arn("arn:aws:sagemaker:us-east-1:1:endpoint/x"), Some(Arn::Opaque("endpoint")));
        assert_eq!(arn("arn:aws:bedrock"), None);
    }
}
