//! Neither the order of records nor copies of them change what is counted.

use octorato_finops::logs::Reading;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{read_files, read_rows, row, with};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the snapshots of some messages are repeated, ordered and spread over files, the
    /// events are the same to the last field that a report shows.
    #[test]
    fn neither_order_nor_copies_change_the_events(
        outputs in prop::collection::vec(1_u64..1000, 1..5),
        extra in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..3, 0_usize..6), 0..40),
        seed in any::<u64>(),
    ) {
        // Each message has a partial and a final snapshot. Some split their cache writes only
        // in the final one, some have an advisor inside, some come from a gateway.
        let snapshots = |(n, &output): (usize, &u64)| {
            let (id, second) = (format!("msg_{n}"), u32::try_from(n).unwrap() * 2);
            let mut pair = [row(&id, second, 1), row(&id, second + 1, output)];
            match n % 3 {
                1 => pair[0]["message"]["usage"]["cache_creation"] = Value::Null,
                2 => for row in &mut pair {
                    row["message"]["usage"]["iterations"] = json!([{"type": "advisor_message",
                        "model": "claude-opus-5", "input_tokens": 9, "output_tokens": output}]);
                },
                _ => {}
            }
            pair
        };
        let rows: Vec<Value> = outputs.iter().enumerate().flat_map(snapshots).collect();
        let plain = read_rows(rows.clone());

        let mut files = [vec![], vec![], vec![]];
        let base = rows.iter().enumerate().map(|(n, row)| (n % 3, row.clone()));
        // Copies may lack what another row of the message has.
        let copies = extra.iter().map(|(at, file, lacks)| {
            let row = at.get(&rows).clone();
            let fields =
                ["/cwd", "/sessionId", "/message/model", "/timestamp", "/message/id", "/uuid"];
            (*file, with(row, fields[*lacks], Value::Null))
        });
        for (n, (file, row)) in base.chain(copies).enumerate() {
            let lines: &mut Vec<Value> = &mut files[file];
            let place = usize::try_from(seed.rotate_left(u32::try_from(n).unwrap()) % 97).unwrap();
            lines.insert(place % (lines.len() + 1), row);
        }
        let [a, b, c] = files;
        let (_folder, mixed) =
            read_files(&[("z.jsonl", a), ("p/f1.jsonl", b), ("p/q/f2.jsonl", c)]);
        let seen = |reading: &Reading| -> Vec<_> {
            let events = reading.events.iter();
            events
                .map(|e| {
                    let known_by = (e.at, e.evidence.message.clone(), e.evidence.request.clone());
                    let whose = (e.session.clone(), e.cwd.clone(), e.agent.clone());
                    (known_by, whose, e.model.clone(), e.usage, e.context.clone())
                })
                .collect()
        };
        prop_assert_eq!(seen(&mixed), seen(&plain));
    }
}
