use std::collections::BTreeSet;

use super::*;

fn catalog(models: &str) -> Catalog {
    Catalog::parse(format!(
        concat!(
            r#"{{"schema":1,"source":"s","version":"1","licence":"MIT","made":"2026-01-01","#,
            r#""normalised":0,"providers":[{{"id":"p","name":"P","api_pattern":"p"}}]}}"#,
            "\n",
            r#"{{"id":"p","models":[{}]}}"#,
            "\n"
        ),
        models.replace('\n', "")
    ))
    .unwrap()
}

fn model(id: &str, rates: &str, rest: &str) -> String {
    format!(
        r#"{{"id":"{id}","match":{{"equals":"{id}"}},"prices":[{{"rates":{{{rates}}}}}]{rest}}}"#
    )
}

fn between(before: &str, after: &str) -> Diff {
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    diff(&catalog(before), &catalog(after), at).unwrap()
}

/// `[when] rate [> above]: before -> after (pct)`, a line per change.
fn told(diff: &Diff) -> Vec<String> {
    let text = |value: Option<Decimal>| value.map_or("none".to_owned(), |v| v.to_string());
    let line = |change: &RateChange| {
        format!(
            "{}{}{}: {} -> {} ({})",
            change.when.as_ref().map_or(String::new(), |when| format!("[{when}] ")),
            change.rate,
            change.above.map_or(String::new(), |above| format!(" > {above}")),
            text(change.before),
            text(change.after),
            text(change.change_pct()),
        )
    };
    diff.changed.iter().map(line).collect()
}

#[test]
fn models_come_and_go() {
    let (a, b) = (model("a", "", ""), model("b", "", ""));
    let found = between(&format!("{a},{a}"), &format!("{a},{b}"));
    let names = |models: &[ModelName]| -> Vec<String> {
        models.iter().map(|name| format!("{}/{}", name.provider, name.model)).collect()
    };
    assert_eq!(names(&found.added), ["p/b"]);
    assert_eq!(names(&found.removed), ["p/a"]);
    assert_eq!((found.changed.len(), found.largest_change_pct()), (0, Decimal::ZERO));
}

#[test]
fn rates_are_compared_by_value() {
    let found = between(
        &model("a", r#""input_mtok":"3","output_mtok":"15.0","requests_kcount":"5""#, ""),
        &model("a", r#""input_mtok":"2","output_mtok":"15","cache_read_mtok":"0.2""#, ""),
    );
    assert_eq!(
        told(&found),
        [
            "cache_read_mtok: none -> 0.2 (none)",
            "input_mtok: 3 -> 2 (-33.34)",
            "requests_kcount: 5 -> none (none)"
        ]
    );
    assert_eq!(found.largest_change_pct().to_string(), "33.34");
}

#[test]
fn what_was_free_changes_most() {
    let found = between(
        &model("a", r#""input_mtok":"0""#, ""),
        &model("a", r#""input_mtok":"0.0001""#, ""),
    );
    assert_eq!(found.largest_change_pct(), Decimal::MAX);
    let found = between(
        &model("a", r#""input_mtok":"0.00000000000000000001""#, ""),
        &model("a", r#""input_mtok":"9000000000000000000""#, ""),
    );
    assert_eq!(found.largest_change_pct(), Decimal::MAX);
}

#[test]
fn tiers_are_compared_by_what_a_request_would_cost() {
    let tiers = |base: &str, tiers: &[(u64, &str)]| {
        let tiers: Vec<_> = tiers
            .iter()
            .map(|(above, rate)| format!(r#"{{"above":{above},"rate":"{rate}"}}"#))
            .collect();
        let tiers = tiers.join(",");
        model("a", &format!(r#""input_mtok":{{"base":"{base}","tiers":[{tiers}]}}"#), "")
    };
    let found = between(&tiers("1", &[(200, "2")]), &tiers("1", &[(200, "2"), (300, "2.5")]));
    assert_eq!(told(&found), ["input_mtok > 300: 2 -> 2.5 (25)"]);
    let found = between(&tiers("1", &[(200, "2")]), &tiers("1", &[(300, "2")]));
    assert_eq!(told(&found), ["input_mtok > 200: 2 -> 1 (-50)"]);
    let found = between(&tiers("1", &[]), &model("a", r#""input_mtok":"1""#, ""));
    assert!(found.is_empty());
}

#[test]
fn conditions_are_compared_each_for_itself() {
    let variants = |list: &str| model("a", "", &format!(r#","variants":[{list}]"#));
    let batch = r#"{"when":{"processing":"batch"},"rates":{"input_mtok":"1"}}"#;
    let fast = r#"{"when":{"speed":"fast"},"multiply":"6"}"#;
    let plain = r#"{"when":{"speed":"fast"},"rates":{}}"#;
    let two = r#"{"when":{"speed":"fast","route":"eu"},"rates":{"input_mtok":"9"}}"#;
    let found = between(
        &variants(&format!("{batch},{fast}")),
        &variants(&format!("{},{plain},{two}", batch.replace(r#""1""#, r#""1.5""#))),
    );
    assert_eq!(
        told(&found),
        [
            "[processing=batch] input_mtok: 1 -> 1.5 (50)",
            "[route=eu,speed=fast] input_mtok: none -> 9 (none)",
            "[speed=fast] multiply: 6 -> 1 (-83.34)"
        ]
    );
}

fn with_eras(eras: &str) -> String {
    format!(r#"{{"id":"a","match":{{"equals":"a"}},"prices":[{eras}]}}"#)
}

fn era(constraint: &str, input: &str) -> String {
    let constraint = match constraint {
        "" => String::new(),
        some => format!(r#""constraint":{{{some}}},"#),
    };
    format!(r#"{{{constraint}"rates":{{"input_mtok":"{input}"}}}}"#)
}

fn from(date: &str) -> String {
    format!(r#""start_date":"{date}""#)
}

/// `from..until [daily] tense: before -> after`, a line per change.
fn times(diff: &Diff) -> Vec<String> {
    let day = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.strftime("%F").to_string());
    let number = |rate: Option<Decimal>| rate.map_or("none".to_owned(), |rate| rate.to_string());
    let line = |change: &RateChange| {
        format!(
            "{}..{}{} {:?}{}: {} -> {}",
            day(change.from),
            day(change.until),
            change.daily.as_ref().map_or(String::new(), |daily| format!(" [{daily}]")),
            change.tense,
            if change.changes_past { " past" } else { "" },
            number(change.before),
            number(change.after),
        )
    };
    diff.changed.iter().map(line).collect()
}

#[test]
fn prices_of_all_times_are_compared() {
    let eras = |late: &str, input: &str| {
        with_eras(&[era("", "1"), era(&from(late), "2"), era(&from("2026-06-01"), input)].join(","))
    };
    let same = with_eras(&[era("", "1"), era(&from("2026-02-01"), "2")].join(","));
    let later = with_eras(
        &[era("", "1"), era(&from("2026-02-01"), "2"), era(&from("2026-11-21"), "2000")].join(","),
    );
    assert_eq!(times(&between(&same, &later)), ["2026-11-21.. Later: 2 -> 2000"]);
    assert_eq!(between(&same, &later).largest_change_pct().to_string(), "99900");
    let found = between(&eras("2026-01-01", "3"), &eras("2026-02-01", "3"));
    assert_eq!(times(&found), ["2026-01-01..2026-02-01 Past past: 2 -> 1"]);
    let found = between(&eras("2026-01-01", "3"), &eras("2026-01-01", "4"));
    assert_eq!(times(&found), ["2026-06-01.. Now past: 3 -> 4"]);
    let today = with_eras(&[era("", "1"), era(&from("2026-11-20"), "5")].join(","));
    assert_eq!(times(&between(&with_eras(&era("", "1")), &today)), ["2026-11-20.. Now: 1 -> 5"]);
    let found = between(&with_eras(&era("", "1")), &with_eras(&era("", "2")));
    assert_eq!(times(&found), [".. Now past: 1 -> 2"]);
}

#[test]
fn times_of_day_are_compared() {
    let hours =
        |start: &str, end: &str| format!(r#""start_time":"{start}:00Z","end_time":"{end}:00Z""#);
    let list = |night: &str| {
        let day = era(&hours("00:30", "16:30"), "2");
        with_eras(&[day, era(&hours("16:30", "00:30"), night)].join(","))
    };
    assert!(between(&list("1"), &list("1.0")).is_empty());
    assert_eq!(times(&between(&list("1"), &list("9"))), [".. [16:30-00:30] Now past: 1 -> 9"]);
}

#[test]
fn rates_that_change_too_often_are_refused() {
    let eras: Vec<_> = (0..1_100)
        .map(|day| {
            let date = jiff::civil::date(2020, 1, 1).checked_add(jiff::Span::new().days(day));
            era(&from(&date.unwrap().to_string()), "1")
        })
        .collect();
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    let list = catalog(&with_eras(&eras.join(",")));
    assert!(diff(&catalog(&with_eras(&era("", "1"))), &list, at).is_err());
}

#[test]
fn a_variant_that_is_new_is_a_new_rate() {
    let batch = r#","variants":[{"when":{"processing":"batch"},"rates":{"input_mtok":"1000"}}]"#;
    let found =
        between(&model("a", r#""input_mtok":"1""#, ""), &model("a", r#""input_mtok":"1""#, batch));
    assert_eq!(told(&found), ["[processing=batch] input_mtok: none -> 1000 (none)"]);
}

#[test]
fn limits_and_minimums_are_compared() {
    let with = |rest: &str| model("a", "", rest);
    let found =
        between(&with(r#","max_output":"#).replace(":}", ":9}"), &with(r#","max_output":1"#));
    assert_eq!((found.limits.len(), found.limits[0].is_tighter()), (1, true));
    let wider = between(&with(r#","max_output":1"#), &with(r#","max_output":9"#));
    assert_eq!((wider.limits[0].after, wider.limits[0].is_tighter()), (Some(9), false));
    assert!(between(&with(r#","max_output":1"#), &with("")).limits[0].is_tighter());
    let least = |n: u32| with(&format!(r#","minimums":{{"audio_seconds":{n}}}"#));
    assert!(between(&least(10), &least(20)).limits[0].is_tighter());
    assert!(!between(&least(20), &least(10)).limits[0].is_tighter());
    assert!(between(&with(""), &least(20)).limits[0].is_tighter());
}

/// `provider: name: before -> after`.
fn found_names(diff: &Diff) -> Vec<String> {
    let names = diff.names.iter().map(|change| {
        let after = change.after.as_ref().map_or("none", |after| &after.model);
        format!("{}: {} -> {after}", change.name, change.before.model)
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn names_that_find_another_entry_or_none_are_told() {
    let rule = |id: &str, rule: &str| {
        format!(r#"{{"id":"{id}","match":{rule},"prices":[{{"rates":{{"input_mtok":"1"}}}}]}}"#)
    };
    let a = rule("a", r#"{"or":[{"equals":"a"},{"starts_with":"a-latest"}]}"#);
    let b = rule("b", r#"{"equals":"b"}"#);
    let before = format!("{a},{b}");
    // A rule that no longer reaches a name.
    let narrow = rule("a", r#"{"equals":"a"}"#);
    assert_eq!(found_names(&between(&before, &format!("{narrow},{b}"))), ["a-latest: a -> none"]);
    // A rule that takes the names of another.
    let wide = rule("b", r#"{"or":[{"equals":"b"},{"starts_with":"a-"}]}"#);
    assert_eq!(found_names(&between(&before, &format!("{wide},{a}"))), ["a-latest: a -> b"]);
    // A model that is gone is told as such, unless another takes its name.
    assert!(found_names(&between(&before, &b)).is_empty());
    let heir = rule("b", r#"{"or":[{"equals":"b"},{"equals":"a"}]}"#);
    assert_eq!(found_names(&between(&before, &heir)), ["a: a -> b"]);
}

#[test]
fn providers_are_compared() {
    let old = catalog(&model("a", "", ""));
    let text = old
        .text()
        .replace(r#""api_pattern":"p""#, r#""api_pattern":"p","model_match":{"starts_with":"a"}"#);
    let new = Catalog::parse(text).unwrap();
    let found = diff(&old, &new, "2026-11-20T12:00:00Z".parse().unwrap()).unwrap();
    let [change] = &found.providers[..] else { panic!("{found:?}") };
    assert_eq!((&*change.provider, &*change.what), ("p", "model_match"));
    assert!(change.is_about_names() && !found.is_empty());
}

#[test]
fn a_list_does_not_differ_from_itself() {
    let catalog = Catalog::builtin();
    for at in ["2024-01-01T00:00:00Z", "2026-11-20T17:00:00Z", "2030-01-01T03:00:00Z"] {
        assert!(diff(catalog, catalog, at.parse().unwrap()).unwrap().is_empty());
    }
}
