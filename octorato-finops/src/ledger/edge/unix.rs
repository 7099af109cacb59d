//! What the ledger asks of a system of the Unix family.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use jiff::SignedDuration;

use super::super::operation::Holder;

/// Opens a file that only this user may read, and makes it where it is missing.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Makes a file that only this user may read; one that is there is an error.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a folder that only this user may enter.
pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Whether the group and others may do nothing with it.
pub(super) fn is_private(path: &Path) -> io::Result<bool> {
    path.metadata().map(|metadata| metadata.mode() % 0o100 == 0)
}

/// Makes the names in the folder of `path` durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// Whether `path` still names the file that was opened.
pub(super) fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    let named = match path.metadata() {
        Ok(named) => named,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(own.nlink() > 0 && (own.dev(), own.ino()) == (named.dev(), named.ino()))
}

/// The time since the boot, time asleep included.
#[cfg(target_os = "linux")]
pub(super) fn since_boot() -> Option<SignedDuration> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::Boottime);
    SignedDuration::try_from(std::time::Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_nsec).ok()?,
    ))
    .ok()
}

/// Which boot it is.
#[cfg(target_os = "linux")]
pub(super) fn boot() -> Option<[u8; 16]> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

/// Within what a process number means one process: which boot (the first half), and which name space
/// of process numbers in it (the second), so that a container's are not taken for the machine's.
#[cfg(target_os = "linux")]
pub(super) fn origin() -> Option<[u8; 16]> {
    use std::os::unix::ffi::OsStrExt;
    let boot = boot()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let mut hash = blake3::Hasher::new();
    hash.update(&boot).update(space.as_os_str().as_bytes());
    let mut origin = [0; 16];
    let (first, second) = origin.split_at_mut(8);
    first.iter_mut().zip(boot).for_each(|(to, from)| *to = from);
    second.iter_mut().zip(hash.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
    Some(origin)
}

/// When a live process started, in ticks since the boot.
#[cfg(target_os = "linux")]
pub(super) fn started(process: u32) -> Option<u64> {
    match life(process) {
        Life::Started(ticks) => Some(ticks),
        Life::Ended | Life::Unknown => None,
    }
}

#[cfg(target_os = "linux")]
enum Life {
    Started(u64),
    Ended,
    Unknown,
}

/// Reads `/proc/<process>/stat` (`proc_pid_stat(5)`): the state is the first field after the name in
/// parentheses, which may itself hold parentheses; the start is the twentieth.
#[cfg(target_os = "linux")]
fn life(process: u32) -> Life {
    let Ok(bytes) = std::fs::read(format!("/proc/{process}/stat")) else {
        return match signalled(process) {
            // It is not hidden from this user: there is none.
            Some(false) => Life::Ended,
            _ => Life::Unknown,
        };
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
    match (fields.next(), fields.nth(18).and_then(|ticks| ticks.parse().ok())) {
        (Some("Z" | "X" | "x"), _) => Life::Ended,
        (Some(_), Some(ticks)) => Life::Started(ticks),
        _ => Life::Unknown,
    }
}

/// Whether a signal could be sent to such a process; nothing where that cannot be told.
#[cfg(target_os = "linux")]
fn signalled(process: u32) -> Option<bool> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(process).ok()?)?;
    match rustix::process::test_kill_process(pid) {
        Ok(()) | Err(rustix::io::Errno::PERM) => Some(true),
        Err(rustix::io::Errno::SRCH) => Some(false),
        Err(_) => None,
    }
}

#[cfg(target_os = "linux")]
pub(super) fn is_dead(holder: &Holder) -> bool {
    let Some(own) = origin() else { return false };
    if own.get(..8) != holder.boot.get(..8) {
        return true;
    }
    own == holder.boot
        && match life(holder.process) {
            Life::Started(ticks) => ticks != holder.started,
            Life::Ended => true,
            Life::Unknown => false,
        }
}

/// The kind of network file system at `place`; nothing where it is none.
///
/// Numbers from statfs(2) and the kernel's `linux/magic.h`.
#[cfg(target_os = "linux")]
pub(super) fn network(place: &Path) -> io::Result<Option<&'static str>> {
    let found = rustix::fs::statfs(place)?;
    // Some numbers have the highest of 32 bits set, and the field is signed on some machines.
    Ok(network_name(u32::try_from(i128::from(found.f_type) & 0xFFFF_FFFF).unwrap_or(0)))
}

#[cfg(target_os = "linux")]
fn network_name(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x6573_5546 => "FUSE",
        0x0102_1997 => "9P",
        0x00C3_6400 => "Ceph",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x564C => "NCP",
        0x7461_636F => "OCFS2",
        0x0116_1970 => "GFS2",
        0x0BD0_0BD0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x1983_0326 => "BeeGFS",
        0x2003_0528 => "OrangeFS",
        0x786F_4256 => "VirtualBox shared folder",
        0xBACB_ACBC => "VMware shared folder",
        0x7C7C_6673 => "Parallels shared folder",
        _ => return None,
    })
}

/// macOS and the BSDs: no boot id, and the start of a process, that safe code could ask for.
#[cfg(not(target_os = "linux"))]
mod silent {
    use super::{Holder, SignedDuration};

    pub(in super::super) fn since_boot() -> Option<SignedDuration> {
        None
    }

    pub(in super::super) fn boot() -> Option<[u8; 16]> {
        None
    }

    pub(in super::super) fn origin() -> Option<[u8; 16]> {
        None
    }

    pub(in super::super) fn started(_: u32) -> Option<u64> {
        None
    }

    pub(in super::super) fn is_dead(_: &Holder) -> bool {
        false
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use silent::{boot, is_dead, origin, since_boot, started};

/// macOS says of each mount whether it is local (`MNT_LOCAL` of statfs(2)).
#[cfg(target_vendor = "apple")]
pub(super) fn network(place: &Path) -> io::Result<Option<&'static str>> {
    const MNT_LOCAL: u64 = 0x1000;
    let found = rustix::fs::statfs(place)?;
    Ok((u64::from(found.f_flags) & MNT_LOCAL == 0).then_some("not local"))
}

/// Not asked.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn network(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        assert_eq!(network_name(0x6969), Some("NFS"));
        assert_eq!(network_name(0xFF53_4D42), Some("SMB"));
        for local in [0xEF53, 0x0102_1994, 0x9123_683E, 0x5846_5342, 0x794C_7630, 0x2FC1_2FC1] {
            assert_eq!(network_name(local), None, "{local:#x}");
        }
        // `/proc` is there wherever this runs, and is no network file system.
        assert_eq!(network(Path::new("/proc")).unwrap(), None);
    }
}
