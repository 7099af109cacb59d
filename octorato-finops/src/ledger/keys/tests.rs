use std::time::Duration;

use jiff::Timestamp;
use octorato_core::{Currency, DecisionId, Money};

use super::*;
use crate::budget::BudgetId;
use crate::ledger::Raise;

fn folder() -> (tempfile::TempDir, KeyFolder) {
    let temporary = tempfile::tempdir().unwrap();
    let keys = KeyFolder::make(&temporary.path().join("deep/keys")).unwrap();
    (temporary, keys)
}

fn raise() -> Raise {
    Raise {
        id: DecisionId::from_parts(Timestamp::UNIX_EPOCH, [1; 10]),
        budget: BudgetId::from_bytes([2; 32]),
        amount: Money::from_pico(3, Currency::USD),
        until: Timestamp::from_second(4).unwrap(),
        reason: "launch".into(),
        signature: None,
    }
}

#[test]
fn a_key_is_kept_and_known_by_its_public_half() {
    let (_temporary, keys) = folder();
    let (one, other) = (keys.make_key().unwrap(), keys.make_key().unwrap());
    let mut ids = [one.id(), other.id()];
    ids.sort();
    assert_eq!(keys.ids().unwrap(), ids);
    let signature = keys.signer(&one.id()).unwrap().sign(b"bytes").unwrap();
    one.verify(b"bytes", &signature).unwrap();
    assert_eq!(other.verify(b"bytes", &signature).unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(PublicKey::from_bytes(&one.to_bytes()).unwrap(), one);
    assert_eq!(keys.signer(&"0".repeat(32)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(keys.signer("../../x").unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// RFC 8032, section 7.1, test 2.
#[test]
fn signatures_are_those_of_the_specification() {
    let key = |text: &str| *blake3::Hash::from_hex(text).unwrap().as_bytes();
    let seed = key("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let public = key("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let signer = Signer::of_key(SigningKey::from_bytes(&seed));
    assert_eq!(signer.public().to_bytes(), public);
    let start = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da";
    assert_eq!(signer.sign(&[0x72]).unwrap()[..32], key(start));
}

#[test]
fn weak_keys_are_refused() {
    // The neutral element: every signature would fit.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert!(PublicKey::from_bytes(&neutral).is_err());
}

#[test]
fn a_damaged_file_is_no_key() {
    let (temporary, keys) = folder();
    let id = keys.make_key().unwrap().id();
    let path = temporary.path().join("deep/keys").join(format!("{id}.key"));
    let other = keys.make_key().unwrap().id();
    let others = std::fs::read(path.with_file_name(format!("{other}.key"))).unwrap();
    for bytes in [&b""[..], b"not hexadecimal", &others] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(keys.signer(&id).unwrap_err().kind(), ErrorKind::Data);
    }
}

#[cfg(unix)]
#[test]
fn keys_that_others_may_read_are_refused() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    let (temporary, keys) = folder();
    let id = keys.make_key().unwrap().id();
    let place = temporary.path().join("deep/keys");
    let path = place.join(format!("{id}.key"));
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place), mode(&path)), (0o700, 0o600));
    std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    assert_eq!(keys.signer(&id).unwrap_err().kind(), ErrorKind::Refused);
    std::fs::set_permissions(&place, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(KeyFolder::open(&place).unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn every_part_of_a_raise_is_signed() {
    let (_temporary, keys) = folder();
    let public = keys.make_key().unwrap();
    let signer = keys.signer(&public.id()).unwrap();
    let mut raised = raise();
    let find = |id: &str| (*id == *public.id()).then_some(public);
    assert!(verify_raise(b"ledger", &raised, find).is_err());
    sign_raise(b"ledger", &mut raised, &signer).unwrap();
    verify_raise(b"ledger", &raised, find).unwrap();
    assert!(verify_raise(b"another ledger", &raised, find).is_err());
    assert!(verify_raise(b"ledger", &raised, |_| None).is_err());
    let changes: [fn(&mut Raise); 5] = [
        |raise| raise.id = DecisionId::from_parts(Timestamp::UNIX_EPOCH, [9; 10]),
        |raise| raise.budget = BudgetId::from_bytes([9; 32]),
        |raise| raise.amount = Money::from_pico(9, Currency::USD),
        |raise| raise.until = Timestamp::from_second(9).unwrap(),
        |raise| raise.reason = "other".into(),
    ];
    for change in changes {
        let mut other = raised.clone();
        change(&mut other);
        let error = verify_raise(b"ledger", &other, find).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
    }
}

#[test]
fn a_rotation_names_both_keys_and_the_ledger() {
    let (_temporary, keys) = folder();
    let (one, other) = (keys.make_key().unwrap(), keys.make_key().unwrap());
    let statement = rotation_statement(b"ledger", &one, &other);
    let signature = keys.signer(&one.id()).unwrap().sign(&statement).unwrap();
    one.verify(&statement, &signature).unwrap();
    assert_ne!(statement, rotation_statement(b"ledger", &other, &one));
    assert_ne!(statement, rotation_statement(b"other", &one, &other));
}

#[cfg(unix)]
mod commands {
    use super::*;

    fn command(script: &str, patience: Duration) -> Command {
        Command { words: ["sh", "-c", script].map(Into::into).to_vec(), patience }
    }

    #[test]
    fn what_a_command_answers_is_checked() {
        let (temporary, keys) = folder();
        let public = keys.make_key().unwrap();
        let signature = keys.signer(&public.id()).unwrap().sign(b"bytes").unwrap();
        let raw = temporary.path().join("signature");
        std::fs::write(&raw, signature).unwrap();
        let patience = Duration::from_mins(1);
        let script = format!("cat > /dev/null; cat '{}'", raw.display());
        let signer = Signer::of_command(public, command(&script, patience));
        assert_eq!(signer.sign(b"bytes").unwrap(), signature);
        // The same answer to other bytes is refused.
        assert_eq!(signer.sign(b"other").unwrap_err().kind(), ErrorKind::Refused);
        let hex = |half: &[u8]| blake3::Hash::from_slice(half).unwrap().to_hex().to_string();
        let hex = hex(&signature[..32]) + &hex(&signature[32..]);
        let signer = Signer::of_command(public, command(&format!("echo {hex}"), patience));
        assert_eq!(signer.sign(b"bytes").unwrap(), signature);
    }

    #[test]
    fn a_command_that_fails_or_hangs_is_unavailable() {
        let (_temporary, keys) = folder();
        let public = keys.make_key().unwrap();
        let short = Duration::from_millis(50);
        let long = Duration::from_mins(1);
        let fails = [
            (command("exit 1", long), "answered no signature"),
            (command("yes", long), "answered no signature"),
            (command("exec sleep 600", short), "did not answer in time"),
            (Command { words: vec!["/no/such/program".into()], patience: long }, "be started"),
        ];
        for (command, why) in fails {
            let error = Signer::of_command(public, command).sign(b"bytes").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(error.to_string().contains(why), "{error}");
        }
        let empty = Command { words: Vec::new(), patience: long };
        let error = Signer::of_command(public, empty).sign(b"bytes").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
