//! Which process holds a call, and whether it is alive.

use super::super::operation::Holder;
use super::system;

impl Holder {
    /// This process; nothing where the system does not tell what tells it from a later one with the
    /// same number (that is everywhere but on Linux).
    pub fn of_this_process() -> Option<Self> {
        let process = std::process::id();
        Some(Self { boot: system::origin()?, process, started: system::started(process)? })
    }
}

/// Whether the process is known to be dead.
///
/// `false` where that cannot be told: the process is of another container on this machine or hidden
/// from this user, or the system does not say. A process of an earlier boot is dead, since a store
/// is used on one machine.
pub fn is_dead(holder: &Holder) -> bool {
    system::is_dead(holder)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn this_process_is_alive_and_an_earlier_one_with_its_number_is_dead() {
        let own = Holder::of_this_process().unwrap();
        assert_eq!(own, Holder::of_this_process().unwrap());
        assert!(!is_dead(&own));
        assert!(is_dead(&Holder { started: own.started - 1, ..own }));
    }

    #[test]
    fn a_process_that_ended_is_dead_also_before_its_parent_has_seen_it() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let own = Holder::of_this_process().unwrap();
        let started = system::started(child.id()).unwrap();
        let holder = Holder { process: child.id(), started, ..own };
        assert!(!is_dead(&holder));
        child.kill().unwrap();
        while !is_dead(&holder) {
            std::thread::yield_now(); // Until the kernel has made a zombie of it.
        }
        child.wait().unwrap();
        assert!(is_dead(&holder));
    }

    #[test]
    fn another_boot_is_dead_and_another_container_is_unknown() {
        let own = Holder::of_this_process().unwrap();
        let mut rebooted = own;
        rebooted.boot[0] ^= 1;
        assert!(is_dead(&rebooted));
        let mut contained = Holder { started: own.started - 1, ..own };
        contained.boot[15] ^= 1;
        assert!(!is_dead(&contained));
    }
}
