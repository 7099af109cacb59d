//! Codes of findings about the hooks of coding agents.

use super::Code;

codes! {
    SYNTAX = "HOK001",
        "The agent's settings are not what the agent can read from here on, so it runs none of the hooks in them.";
    SHAPE = "HOK002",
        "The settings have something else where hooks belong, so they are not touched.";
    DANGLING = "HOK003",
        "The settings file is a link to a file that is not there, and what its owner meant cannot be known.";
    NO_BINARY = "HOK004",
        "The program of the hook is not there, so the agent calls nothing.";
    NOT_EXECUTABLE = "HOK005",
        "The program of the hook may not be run, so the agent calls nothing.";
    OTHER_BINARY = "HOK006",
        "The hook calls another octorato than this one, which may be an old one; installing again corrects it.";
    TIMEOUT = "HOK007",
        "The time-out is not the one that the gate's own deadline is made for, or in the wrong unit; an agent that gives the gate up goes on.";
    FAIL_OPEN = "HOK008",
        "The hook lacks what makes the agent refuse when the gate cannot run, so a crash would let a call through.";
    MISSING = "HOK009",
        "The agent does not call the gate at an event at which money is spent.";
    EDITED = "HOK010",
        "The hook is not as it was installed: it was edited, is there twice, or speaks another agent's dialect.";
    DISABLED = "HOK011",
        "A setting switches hooks off, so the gate is never called.";
    MANAGED_ONLY = "HOK012",
        "Settings of the machine's administrator let only managed hooks run, so the gate is never called.";
    UNTRUSTED = "HOK013",
        "Codex skips a hook that was not reviewed, without a word; `/hooks` in Codex trusts it.";
    TRUST_UNKNOWN = "HOK014",
        "Codex has a mark of trust for a hook in this place, and only Codex can tell whether it is for the hook as it is now.";
    UNREADABLE = "HOK015",
        "Another settings file of the agent cannot be read, so what it says of hooks is not known.";
    SELF_TEST = "HOK016",
        "The hook's own command line did not answer a made-up call as it must.";
    PLACES = "HOK017",
        "The private places are named by the environment of this shell; an agent that is started elsewhere would use others.";
    REDIRECTED = "HOK018",
        "A project's settings name other private places for what runs there, so the gate would know nothing of its caps.";
}
