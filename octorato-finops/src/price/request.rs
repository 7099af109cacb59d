//! What is known of a request before it is sent, as far as it can change the bill.

mod body;
mod fields;
mod host;
mod known;
mod number;
mod payload;
mod tools;
mod unique;

pub(super) use host::acts_alone;
use octorato_core::{PriceContext, Unit};

/// A request that is about to be sent: what bounds its price from above.
///
/// [`Request::from_body`] reads it from the JSON that goes to a provider. It may also be made by
/// hand: start from [`Request::text`] and set what is known. Whatever is not known must be left as
/// [`Request::text`] sets it, which is the dearer reading.
///
/// ```
/// use octorato_finops::price::Request;
///
/// let body = serde_json::json!({
///     "model": "claude-sonnet-4-5",
///     "max_tokens": 1024,
///     "messages": [{"role": "user", "content": "Hello"}],
/// });
/// let request = Request::from_body("anthropic", None, &body)?;
/// assert_eq!(request.max_output, Some(1024));
/// assert!(request.hidden.is_empty() && request.unbounded.is_empty());
/// # Ok::<(), octorato_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The model that the body names.
    pub model: Option<Box<str>>,
    /// UTF-8 bytes of all text that the model may read: system prompt, messages, tool schemas. The
    /// text of a JSON body is never longer than the body.
    pub text_bytes: u64,
    /// Tokens that the provider may add to it: framing, hidden system prompts.
    pub overhead_tokens: u64,
    /// Images, sounds, videos and documents.
    pub media: Vec<Media>,
    /// State that the model reads and the request does not carry, each by its name; the context
    /// window bounds all of it together.
    pub hidden: Vec<Box<str>>,
    /// How often the provider runs the model for one answer: once, unless its own tools feed
    /// results back. Nothing where there is no limit.
    pub rounds: Option<u64>,
    /// How many answers are asked for.
    pub answers: u64,
    /// Output tokens of one answer at most, reasoning included; the model's maximum where nothing.
    pub max_output: Option<u64>,
    /// Output tokens of one answer that are billed beyond that: rejected predictions, thinking.
    pub extra_output: u64,
    /// Whether the provider does not count reasoning towards [`Self::max_output`].
    pub reasoning_apart: bool,
    /// What else than text may be written; anything that the model can where nothing.
    pub output: Option<Vec<Modality>>,
    /// What has a fee of its own, with the most of it; nothing where there is no most.
    pub counts: Vec<(Unit, Option<u64>)>,
    /// Which cache writes can happen.
    pub cache_writes: CacheWrites,
    /// The price variant that is asked for.
    pub context: PriceContext,
    /// Names of a price context (`service_tier`) whose value the provider may choose.
    pub provider_chooses: Vec<Box<str>>,
    /// Why there is no bound at all, each a sentence.
    pub unbounded: Vec<Box<str>>,
    /// Fields of the body that are not known. Their bytes are counted; they make nothing cheaper.
    pub unknown_fields: Vec<Box<str>>,
}

/// The most of a countable thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Most {
    /// This many.
    Count(u64),
    /// There is no limit.
    NoLimit,
}

/// Which cache writes a request can cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CacheWrites {
    /// None: the provider writes only where it is told to, and it is not.
    None,
    /// Those that live five minutes, or for an unstated time.
    FiveMinutes,
    /// Any, as far as is known.
    #[default]
    Any,
}

/// One thing to read that is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Media {
    /// What it is.
    pub modality: Modality,
    /// Tokens at most, where the caller knows; else what the provider documents, else the context
    /// window.
    pub tokens: Option<u64>,
}

/// What is read or written other than plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Modality {
    /// A still image.
    Image,
    /// Sound.
    Audio,
    /// Moving images, with sound.
    Video,
    /// A file of text and images.
    Document,
}

impl Modality {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Document => "document",
        }
    }
}

impl Request {
    /// Tokens that a provider may add to any request.
    ///
    /// What is documented is far less: three per message and three for the answer at `OpenAI`
    /// (cookbook, "How to count tokens with tiktoken"), a date and a few lines of instructions in
    /// the prompt of reasoning models. Framing is also covered by the JSON around each message,
    /// whose bytes are counted.
    pub const OVERHEAD_TOKENS: u64 = 1_024;

    /// Tokens that a provider may add where there are tools or a schema of the answer.
    ///
    /// Anthropic documents a hidden system prompt of 159 to 804 tokens by model and tool choice
    /// (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing>).
    pub const TOOLS_OVERHEAD_TOKENS: u64 = 2_048;

    /// Tokens that a provider may add to a request for embeddings, which has no instructions: marks
    /// of begin and end. Those of each further text are covered by the JSON around it.
    pub const EMBEDDING_OVERHEAD_TOKENS: u64 = 64;

    /// A request of text only, of which nothing else is known.
    pub fn text(bytes: u64) -> Self {
        Self {
            model: None,
            text_bytes: bytes,
            overhead_tokens: Self::OVERHEAD_TOKENS,
            media: Vec::new(),
            hidden: Vec::new(),
            rounds: Some(1),
            answers: 1,
            max_output: None,
            extra_output: 0,
            reasoning_apart: false,
            output: None,
            counts: Vec::new(),
            cache_writes: CacheWrites::Any,
            context: PriceContext::standard(),
            provider_chooses: Vec::new(),
            unbounded: Vec::new(),
            unknown_fields: Vec::new(),
        }
    }

    /// Whether it can make the model read this: audio is also in videos and images are also in
    /// videos and documents; what is hidden can be anything.
    pub(super) fn reads(&self, wanted: Modality) -> bool {
        let holds = |modality: Modality| {
            modality == wanted
                || modality == Modality::Video
                || (modality == Modality::Document && wanted == Modality::Image)
        };
        !self.hidden.is_empty() || self.media.iter().any(|media| holds(media.modality))
    }

    /// Whether it can make the model write this.
    pub(super) fn writes(&self, wanted: Modality) -> bool {
        self.output.as_ref().is_none_or(|output| {
            output.contains(&wanted)
                || (output.contains(&Modality::Video) && wanted == Modality::Audio)
        })
    }

    /// What is said of a countable thing.
    pub(super) fn stated(&self, unit: Unit) -> Option<Most> {
        let said = self.counts.iter().filter(|(known, _)| *known == unit).map(|(_, most)| *most);
        // Said twice: the sum, since each may happen.
        let add = |sum: Option<u64>, more: Option<u64>| sum?.checked_add(more?);
        said.reduce(add).map(|most| most.map_or(Most::NoLimit, Most::Count))
    }

    fn hide(&mut self, what: impl Into<Box<str>>) {
        let what = what.into();
        if !self.hidden.contains(&what) {
            self.hidden.push(what);
        }
    }

    fn unbind(&mut self, why: impl Into<Box<str>>) {
        let why = why.into();
        if !self.unbounded.contains(&why) {
            self.unbounded.push(why);
        }
    }

    fn choose(&mut self, name: &str) {
        self.provider_chooses.push(name.into());
    }
}
