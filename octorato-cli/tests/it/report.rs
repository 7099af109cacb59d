//! Reports as people see them, over the example's transcripts.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

fn run(line: &str) -> String {
    Sandbox::agency().run(line)
}

#[test]
fn a_month_by_arm() {
    assert_snapshot!(run("report --month 2026-10"), @r"
    2026-10, America/Mexico_City; list cost in USD, price snapshot [prices]

     Arm             Requests  Input  Cache write  Cache read  Output     List cost  Cache hit  Cache saved
    ────────────────────────────────────────────────────────────────────────────────────────────────────────
     acme-web               9  1,870      100,266     323,582   1,201  $1.4516700 †     76.0 %   $1.5724650
     globex                16     75      186,798     514,886   3,994  $1.1613012       73.4 %   $0.7582928
     acme-mobile           18     71       98,590     361,111   5,901  $0.6333778       78.5 %   $0.8805062
     cafe-zuerich          10     38       38,008     167,896   1,933  $0.1164400       81.5 %   $0.2154130
     (unattributed)         2      6       15,310      14,918     414  $0.0683756       49.3 %  -$0.0037676
    ────────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                 55  2,060      438,972   1,382,393  13,443  $3.4311646 †     75.8 %   $3.4229094

     Class                              Count     List cost
    ────────────────────────────────────────────────────────
     input                              2,060  $0.0005890 †
     cache read                     1,382,393  $0.4353686
     cache write 5m                    88,104  $0.1362150
     cache write 1h                   350,868  $2.6154420
     output                            13,443  $0.2135500 †
     (reasoning, in output)             1,669
     web searches                           3  $0.0300000
    ────────────────────────────────────────────────────────
     Total                   1,836,868 tokens  $3.4311646 †

    unattributed: $0.0683756 (2.0 %), 2 requests, 1.7 % of the tokens; `octorato scan` proposes arms
    † acme-tuned-7b: 1 request, 1,901 tokens (0.1 % of all) without a price: no provider of the price list has models named like `acme-tuned-7b`, price list: `genai-prices 0.2.1`
    inherited: $0.01515775, 3 requests in folders of no arm, given to what their session last worked for; `--by arm,reason,project` shows which
    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn a_month_by_arm_with_what_each_class_costs() {
    assert_snapshot!(run("report --month 2026-10 --costs"), @r"
    2026-10, America/Mexico_City; list cost in USD, price snapshot [prices]

     Arm             Requests      Input  Cache write  Cache read     Output  Tools     List cost  Cache hit  Cache saved
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     acme-web               9  $0.000195   $1.1682300  $0.2396200  $0.043625  $0.00  $1.4516700 †     76.0 %   $1.5724650
     globex                16  $0.000188   $1.0015160  $0.1029772  $0.056620  $0.00  $1.1613012       73.4 %   $0.7582928
     acme-mobile           18  $0.000143   $0.4707575  $0.0646273  $0.097850  $0.00  $0.6333778       78.5 %   $0.8805062
     cafe-zuerich          10  $0.000051   $0.0499135  $0.0251605  $0.011315  $0.03  $0.1164400       81.5 %   $0.2154130
     (unattributed)         2  $0.000012   $0.0612400  $0.0029836  $0.004140  $0.00  $0.0683756       49.3 %  -$0.0037676
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                 55  $0.000589   $2.7516570  $0.4353686  $0.213550  $0.03  $3.4311646 †     75.8 %   $3.4229094

     Class                              Count     List cost
    ────────────────────────────────────────────────────────
     input                              2,060  $0.0005890 †
     cache read                     1,382,393  $0.4353686
     cache write 5m                    88,104  $0.1362150
     cache write 1h                   350,868  $2.6154420
     output                            13,443  $0.2135500 †
     (reasoning, in output)             1,669
     web searches                           3  $0.0300000
    ────────────────────────────────────────────────────────
     Total                   1,836,868 tokens  $3.4311646 †

    unattributed: $0.0683756 (2.0 %), 2 requests, 1.7 % of the tokens; `octorato scan` proposes arms
    † acme-tuned-7b: 1 request, 1,901 tokens (0.1 % of all) without a price: no provider of the price list has models named like `acme-tuned-7b`, price list: `genai-prices 0.2.1`
    inherited: $0.01515775, 3 requests in folders of no arm, given to what their session last worked for; `--by arm,reason,project` shows which
    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn by_client_and_model() {
    assert_snapshot!(run("report --by client,model --month 2026-09"), @r"
    2026-09, America/Mexico_City; list cost in USD, price snapshot [prices]

     Client        Model                      Requests  Input  Cache write  Cache read  Output   List cost  Cache hit  Cache saved
    ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     acme          claude-opus-4-8                  12     33      125,316     531,230   3,723  $1.6120150     80.9 %   $1.7639550
     globex        claude-sonnet-5                   6     31       36,688     162,734   1,592  $0.1952808     81.6 %   $0.2195452
     cafe-zuerich  claude-haiku-4-5-20251001         7     31       17,922      92,121   2,055  $0.0419206     83.7 %   $0.0784284
    ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                                          25     95      179,926     786,085   7,370  $1.8492164     81.4 %   $2.0619286

     Class                    Count   List cost
    ────────────────────────────────────────────
     input                       95  $0.0002580
     cache read             786,085  $0.3073739
     cache write 5m          17,922  $0.0224025
     cache write 1h         162,004  $1.3999120
     output                   7,370  $0.1192700
    ────────────────────────────────────────────
     Total           973,476 tokens  $1.8492164

    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn by_day() {
    assert_snapshot!(run("report --by day --month 2026-09"), @r"
    2026-09, America/Mexico_City; list cost in USD, price snapshot [prices]

     Day         Requests  Input  Cache write  Cache read  Output   List cost  Cache hit  Cache saved
    ──────────────────────────────────────────────────────────────────────────────────────────────────
     2026-09-08         8     22       71,296     390,298   2,263  $0.9647940     84.6 %   $1.3998610
     2026-09-15         6     31       36,688     162,734   1,592  $0.1952808     81.6 %   $0.2195452
     2026-09-22         7     31       17,922      92,121   2,055  $0.0419206     83.7 %   $0.0784284
     2026-09-30         4     11       54,020     140,932   1,460  $0.6472210     72.3 %   $0.3640940
    ──────────────────────────────────────────────────────────────────────────────────────────────────
     Total             25     95      179,926     786,085   7,370  $1.8492164     81.4 %   $2.0619286

     Class                    Count   List cost
    ────────────────────────────────────────────
     input                       95  $0.0002580
     cache read             786,085  $0.3073739
     cache write 5m          17,922  $0.0224025
     cache write 1h         162,004  $1.3999120
     output                   7,370  $0.1192700
    ────────────────────────────────────────────
     Total           973,476 tokens  $1.8492164

    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn by_agent() {
    assert_snapshot!(run("report --by agent --arm acme-mobile"), @r"
    all time, America/Mexico_City; list cost in USD, price snapshot [prices]

     Agent          Requests  Input  Cache write  Cache read  Output    List cost  Cache hit  Cache saved
    ──────────────────────────────────────────────────────────────────────────────────────────────────────
     (main)                7     20       47,620     253,650   4,337  $0.51851000     84.2 %  $0.77339000
     code-reviewer         3     12       20,868      31,512     658  $0.06507640     60.1 %  $0.04628760
     Explore               5     19       20,649      58,284     595  $0.03463365     73.8 %  $0.04729335
     test-runner           3     20        9,453      17,665     311  $0.01515775     65.1 %  $0.01353525
    ──────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                18     71       98,590     361,111   5,901  $0.63337780     78.5 %  $0.88050620

     Class                            Count   List cost
    ────────────────────────────────────────────────────
     input                               71  $0.0001430
     cache read                     361,111  $0.0646273
     cache write 5m                  50,970  $0.0897975
     cache write 1h                  47,620  $0.3809600
     output                           5,901  $0.0978500
     (reasoning, in output)           1,287
    ────────────────────────────────────────────────────
     Total                   465,673 tokens  $0.6333778

    inherited: $0.01515775, 3 requests in folders of no arm, given to what their session last worked for; `--by arm,reason,project` shows which
    not counted: 1: last line is cut off (still being written, or interrupted)
    ");
}

#[test]
fn by_skill() {
    assert_snapshot!(run("report --by skill --client cafe-zuerich"), @r"
    all time, America/Mexico_City; list cost in USD, price snapshot [prices]

     Skill             Requests  Input  Cache write  Cache read  Output    List cost  Cache hit  Cache saved
    ─────────────────────────────────────────────────────────────────────────────────────────────────────────
     menu-translation         9     37       31,829     113,606   2,384  $0.06310385     78.1 %  $0.09428815
     (none)                   8     32       24,101     146,411   1,604  $0.09525675     85.8 %  $0.19955325
    ─────────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                   17     69       55,930     260,017   3,988  $0.15836060     82.3 %  $0.29384140

     Class                    Count   List cost
    ────────────────────────────────────────────
     input                       69  $0.0000820
     cache read             260,017  $0.0343726
     cache write 5m          55,056  $0.0688200
     cache write 1h             874  $0.0034960
     output                   3,988  $0.0215900
     web searches                 3  $0.0300000
    ────────────────────────────────────────────
     Total           320,004 tokens  $0.1583606

    not counted: 1: last line is cut off (still being written, or interrupted)
    ");
}

#[test]
fn by_week_between_two_days() {
    assert_snapshot!(run("report --by week --since 2026-09-28 --until 2026-10-07"), @r"
    2026-09-28 to 2026-10-07, America/Mexico_City; list cost in USD, price snapshot [prices]

     Week      Requests  Input  Cache write  Cache read  Output   List cost  Cache hit  Cache saved
    ────────────────────────────────────────────────────────────────────────────────────────────────
     2026-W40         6     22       54,460     249,154   1,593  $0.7091120     82.1 %   $0.8488930
     2026-W41        18     71       98,590     361,111   5,901  $0.6333778     78.5 %   $0.8805062
    ────────────────────────────────────────────────────────────────────────────────────────────────
     Total           24     93      153,050     610,265   7,494  $1.3424898     79.9 %   $1.7293992

     Class                            Count   List cost
    ────────────────────────────────────────────────────
     input                               93  $0.0002530
     cache read                     610,265  $0.1892043
     cache write 5m                  50,970  $0.0897975
     cache write 1h                 102,080  $0.9255600
     output                           7,494  $0.1376750
     (reasoning, in output)           1,287
    ────────────────────────────────────────────────────
     Total                   770,902 tokens  $1.3424898

    inherited: $0.01515775, 3 requests in folders of no arm, given to what their session last worked for; `--by arm,reason,project` shows which
    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn as_markdown() {
    assert_snapshot!(run("report --month 2026-10 --format md"), @r"
    2026-10, America/Mexico_City; list cost in USD, price snapshot [prices]

    | Arm | Requests | Input | Cache write | Cache read | Output | List cost | Cache hit | Cache saved |
    | :-- | --: | --: | --: | --: | --: | --: | --: | --: |
    | acme-web | 9 | 1,870 | 100,266 | 323,582 | 1,201 | $1.4516700 † | 76.0 % | $1.5724650 |
    | globex | 16 | 75 | 186,798 | 514,886 | 3,994 | $1.1613012 | 73.4 % | $0.7582928 |
    | acme-mobile | 18 | 71 | 98,590 | 361,111 | 5,901 | $0.6333778 | 78.5 % | $0.8805062 |
    | cafe-zuerich | 10 | 38 | 38,008 | 167,896 | 1,933 | $0.1164400 | 81.5 % | $0.2154130 |
    | (unattributed) | 2 | 6 | 15,310 | 14,918 | 414 | $0.0683756 | 49.3 % | -$0.0037676 |
    | **Total** | **55** | **2,060** | **438,972** | **1,382,393** | **13,443** | **$3.4311646 †** | **75.8 %** | **$3.4229094** |

    | Class | Count | List cost |
    | :-- | --: | --: |
    | input | 2,060 | $0.0005890 † |
    | cache read | 1,382,393 | $0.4353686 |
    | cache write 5m | 88,104 | $0.1362150 |
    | cache write 1h | 350,868 | $2.6154420 |
    | output | 13,443 | $0.2135500 † |
    | (reasoning, in output) | 1,669 |  |
    | web searches | 3 | $0.0300000 |
    | **Total** | **1,836,868 tokens** | **$3.4311646 †** |

    - unattributed: $0.0683756 (2.0 %), 2 requests, 1.7 % of the tokens; \`octorato scan\` proposes arms
    - † acme-tuned-7b: 1 request, 1,901 tokens (0.1 % of all) without a price: no provider of the price list has models named like \`acme-tuned-7b\`, price list: \`genai-prices 0.2.1\`
    - inherited: $0.01515775, 3 requests in folders of no arm, given to what their session last worked for; \`--by arm,reason,project\` shows which
    - not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn as_csv() {
    assert_snapshot!(run("report --month 2026-10 --by client,model --format csv"), @"
    client,model,events,input,cache_read,cache_write_5m,cache_write_1h,output,reasoning,web_searches,tokens,list_cost,cost_input,cost_cache_read,cost_cache_write_5m,cost_cache_write_1h,cost_output,cost_web_searches,cache_hit_rate,cache_saved,unpriced_events,inexact_events,estimated_events,contracted_cost,allocated_cost,uncharged_events,corrected_events,corrections,corrections_contracted,stale_corrections
    acme,claude-opus-4-8,8,30,323582,0,100266,1140,0,0,425018,1.45167,0.000195,0.23962,0,1.16823,0.043625,0,0.7634,1.572465,0,0,0,1.45167,1.45167,0,0,0,0,0
    acme,claude-opus-5-5,7,20,253650,0,47620,4337,1287,0,305627,0.51851,0.00008,0.05073,0,0.38096,0.08674,0,0.8419,0.77339,0,0,0,0.51851,0.51851,0,0,0,0,0
    acme,claude-sonnet-5,3,12,31512,20868,0,658,0,0,53050,0.0650764,0.000024,0.0063024,0.05217,0,0.00658,0,0.6015,0.0462876,0,0,0,0.0650764,0.0650764,0,0,0,0,0
    acme,claude-haiku-4-5-20251001,8,39,75949,30102,0,906,0,0,106996,0.0497914,0.000039,0.0075949,0.0376275,0,0.00453,0,0.7159,0.0608286,0,0,0,0.0497914,0.0497914,0,0,0,0,0
    acme,acme-tuned-7b,1,1840,0,0,0,61,0,0,1901,,,,,,,,0.0000,,1,0,0,,,0,0,0,0,0
    globex,claude-sonnet-5,12,56,348758,0,123217,2326,0,0,474357,0.5859916,0.000112,0.0697516,0,0.492868,0.02326,0,0.7388,0.3813304,0,0,0,0.5859916,0.5859916,0,0,0,0,0
    globex,claude-opus-5-5,4,19,166128,0,63581,1668,382,0,231396,0.5753096,0.000076,0.0332256,0,0.508648,0.03336,0,0.7232,0.3769624,0,0,0,0.5753096,0.5753096,0,0,0,0,0
    cafe-zuerich,claude-haiku-4-5-20251001,7,25,84187,37134,0,1603,0,3,122949,0.0928762,0.000025,0.0084187,0.0464175,0,0.008015,0.03,0.6938,0.0664848,0,0,0,0.0928762,0.0928762,0,0,0,0,0
    cafe-zuerich,claude-sonnet-5,3,13,83709,0,874,330,0,0,84926,0.0235638,0.000026,0.0167418,0,0.003496,0.0033,0,0.9895,0.1489282,0,0,0,0.0235638,0.0235638,0,0,0,0,0
    ,claude-sonnet-5,2,6,14918,0,15310,414,0,0,30648,0.0683756,0.000012,0.0029836,0,0.06124,0.00414,0,0.4934,-0.0037676,0,0,0,0.0683756,0.0683756,0,0,0,0,0
    [stderr]
    unattributed: $0.0683756 (2.0 %), 2 requests, 1.7 % of the tokens; `octorato scan` proposes arms
    † acme-tuned-7b: 1 request, 1,901 tokens (0.1 % of all) without a price: no provider of the price list has models named like `acme-tuned-7b`, price list: `genai-prices 0.2.1`
    inherited: $0.01515775, 3 requests in folders of no arm, given to what their session last worked for; `--by arm,reason,project` shows which
    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn as_json() {
    let sandbox = Sandbox::agency();
    let mut report = sandbox.json("report --by client --client globex --month 2026-10");
    // Its sums have the keys of a row, which is enough to see once.
    for (name, row) in [("total", "events"), ("unattributed", "share_of_cost")] {
        let shown = json!({row: report[name][row], "…": "…"});
        report[name] = shown;
    }
    report["prices"]["models"].as_array_mut().unwrap().truncate(1);
    assert_snapshot!(sandbox.scrub(&format!("{report:#}")), @r#"
    {
      "attribution": {
        "root": {
          "allocated_cost": "1.1613012",
          "cache_hit_rate": "0.7337",
          "cache_saved": "0.7582928",
          "client_charge": {},
          "contracted_cost": "1.1613012",
          "corrections": {
            "contracted_cost": "0",
            "events": 0,
            "list_cost": "0",
            "stale": 0
          },
          "costs": {
            "cache_read": "0.1029772",
            "cache_write_1h": "1.001516",
            "input": "0.000188",
            "output": "0.05662"
          },
          "estimated_events": 0,
          "events": 16,
          "inexact_events": 0,
          "list_cost": "1.1613012",
          "tokens": 705753,
          "uncharged_events": 0,
          "unpriced_events": 0,
          "unpriced_tokens": 0,
          "usage": {
            "cache_read": 514886,
            "cache_write_1h": 186798,
            "cache_write_5m": 0,
            "input": 75,
            "output": 3994,
            "reasoning": 382,
            "web_searches": 0
          }
        }
      },
      "by": [
        "client"
      ],
      "currency": "USD",
      "period": {
        "end": "2026-11-01T06:00:00Z",
        "label": "2026-10",
        "start": "2026-10-01T06:00:00Z",
        "timezone": "America/Mexico_City"
      },
      "plans": [],
      "prices": {
        "models": [
          {
            "agreements": [],
            "exact": true,
            "matched_by": "equals",
            "model": "claude-opus-5-5",
            "plans": [],
            "priced_as": "claude-opus-5-5",
            "provider": "anthropic",
            "provider_inferred": false
          }
        ],
        "price_book": "[book]",
        "snapshot": "[prices]"
      },
      "reading": null,
      "repaired": [],
      "rows": [
        {
          "allocated_cost": "1.1613012",
          "cache_hit_rate": "0.7337",
          "cache_saved": "0.7582928",
          "client": "globex",
          "client_charge": {},
          "contracted_cost": "1.1613012",
          "corrections": {
            "contracted_cost": "0",
            "events": 0,
            "list_cost": "0",
            "stale": 0
          },
          "costs": {
            "cache_read": "0.1029772",
            "cache_write_1h": "1.001516",
            "input": "0.000188",
            "output": "0.05662"
          },
          "estimated_events": 0,
          "events": 16,
          "inexact_events": 0,
          "list_cost": "1.1613012",
          "tokens": 705753,
          "uncharged_events": 0,
          "unpriced_events": 0,
          "unpriced_tokens": 0,
          "usage": {
            "cache_read": 514886,
            "cache_write_1h": 186798,
            "cache_write_5m": 0,
            "input": 75,
            "output": 3994,
            "reasoning": 382,
            "web_searches": 0
          }
        }
      ],
      "schema": 1,
      "skipped": [
        {
          "count": 1,
          "examples": [],
          "reason": "torn_line"
        }
      ],
      "total": {
        "events": 16,
        "…": "…"
      },
      "unattributed": {
        "share_of_cost": "0.0000",
        "…": "…"
      },
      "uncharged": [
        {
          "currency": "MXN",
          "events": 16,
          "reason": "no exchange rate of `MXN` on 2026-10-13"
        }
      ],
      "unpriced": []
    }
    "#);
}

#[test]
fn the_same_words_give_the_same_bytes() {
    let sandbox = Sandbox::agency();
    for format in ["table", "json", "csv", "md"] {
        let line = format!("report --by client,model,day,session,agent --format {format}");
        assert_eq!(sandbox.stdout(&line), sandbox.stdout(&line), "{format}");
    }
}

#[test]
fn json_is_short_for_format_json() {
    let sandbox = Sandbox::agency();
    assert_eq!(sandbox.stdout("report --json"), sandbox.stdout("report --format json"));
}

#[test]
fn a_report_with_no_requests() {
    assert_snapshot!(run("report --month 2020-01"), @r"
    2020-01, America/Mexico_City; list cost in USD, price snapshot [prices]

     Arm    Requests  Input  Cache write  Cache read  Output  List cost  Cache hit  Cache saved
    ────────────────────────────────────────────────────────────────────────────────────────────
     Total         0      0            0           0       0      $0.00          -        $0.00

    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    ");
}

#[test]
fn a_report_without_arms_yaml_and_without_logs() {
    assert_snapshot!(Sandbox::new().run("report"), @r"
    all time, UTC; list cost in USD, price snapshot [prices]

     Arm    Requests  Input  Cache write  Cache read  Output  List cost  Cache hit  Cache saved
    ────────────────────────────────────────────────────────────────────────────────────────────
     Total         0      0            0           0       0      $0.00          -        $0.00
    [stderr]
    no transcripts were found; name a folder of them with --logs
    ");
}

#[test]
fn a_report_without_arms_yaml_counts_all_the_same() {
    let sandbox = Sandbox::agency();
    let with_arms = sandbox.json("report --timezone UTC --by model");
    std::fs::remove_file(sandbox.path(".config/octorato/arms.yaml")).unwrap();
    let without = sandbox.json("report --by model");
    assert_eq!(without["rows"], with_arms["rows"]);
    assert_eq!(without["unattributed"]["list_cost"], with_arms["total"]["list_cost"]);
    assert_eq!(without["attribution"]["unattributed"]["events"], 80);
    assert_snapshot!(sandbox.run("report --month 2026-09"), @r"
    2026-09, UTC; list cost in USD, price snapshot [prices]

     Arm             Requests  Input  Cache write  Cache read  Output   List cost  Cache hit  Cache saved
    ──────────────────────────────────────────────────────────────────────────────────────────────────────
     (unattributed)        21     84      125,906     645,153   5,910  $1.2019954     83.7 %   $1.6978346
    ──────────────────────────────────────────────────────────────────────────────────────────────────────
     Total                 21     84      125,906     645,153   5,910  $1.2019954     83.7 %   $1.6978346

     Class                    Count   List cost
    ────────────────────────────────────────────
     input                       84  $0.0002030
     cache read             645,153  $0.2369079
     cache write 5m          17,922  $0.0224025
     cache write 1h         107,984  $0.8597120
     output                   5,910  $0.0827700
    ────────────────────────────────────────────
     Total           777,053 tokens  $1.2019954

    unattributed: $1.2019954 (100.0 %), 21 requests, 100.0 % of the tokens; `octorato scan` proposes arms
    not counted: 1: last line is cut off (still being written, or interrupted) (first: [HOME]/.claude/projects/-home-dana-clients-globex-pipeline/eec37b67-5570-47b6-a5ee-88961894a461.jsonl:11)
    [stderr]
    no arms are declared yet; `octorato scan` proposes some
    ");
}

#[test]
fn the_brain_decides_the_columns_where_nobody_else_does() {
    let sandbox = Sandbox::agency();
    sandbox.write("brain/octorato.toml", "[report]\nby = [\"client\", \"month\"]\n");
    let by = |line: &str| sandbox.json(line)["by"].clone();
    assert_eq!(by("report --brain brain"), json!(["client", "month"]));
    assert_eq!(by("report --brain brain --by model"), json!(["model"]));
    assert_eq!(by("report"), json!(["arm"]));
}

#[test]
fn this_month_and_last_month_are_months_of_the_zone() {
    let sandbox = Sandbox::agency();
    let label = |line: &str| match &sandbox.json(line)["period"]["label"] {
        Value::String(label) => label.clone(),
        other => panic!("{other}"),
    };
    let (this, last) = (label("report --month this"), label("report --month last"));
    assert!(last < this && this.len() == 7, "{last} {this}");
}
