//! Whether one path, pattern or text may be used.

use std::cell::RefCell;
use std::collections::HashMap;

use octorato_finops::attribute::FolderPath;

use super::globs::{self, Reach};
use super::plots::{Owner, is_closed};
use super::spelling::{Standpoint, absolutes, joined};
use super::{Trespass, Wall, links, settings};

/// What is done with a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Access {
    /// It may be written.
    pub(super) writes: bool,
    /// All that is below it is meant as well.
    pub(super) is_tree: bool,
    /// Of what a pattern finds the names alone are told.
    pub(super) names_only: bool,
}

impl Access {
    pub(super) const READ: Self = Self { writes: false, is_tree: false, names_only: false };
    pub(super) const WRITE: Self = Self { writes: true, ..Self::READ };
    pub(super) const SEARCH: Self = Self { is_tree: true, ..Self::READ };
    pub(super) const NAMES: Self = Self { names_only: true, ..Self::READ };
}

/// Judges the parts of one call.
pub(super) struct Judge<'w, 'd> {
    pub(super) wall: &'w Wall<'d>,
    pub(super) cwd: String,
    known: RefCell<HashMap<(String, Access), Option<Trespass>>>,
}

impl<'w, 'd> Judge<'w, 'd> {
    pub(super) fn new(wall: &'w Wall<'d>, cwd: &str) -> Self {
        Self { wall, cwd: cwd.to_owned(), known: RefCell::default() }
    }

    pub(super) fn home(&self) -> Option<&str> {
        self.wall.home.as_deref()
    }

    /// Whether a path leads to a folder.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        self.wall.disk.identity(path).is_some_and(|found| found.is_folder)
    }

    /// Whether a path leads to anything.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.wall.disk.identity(path).is_some()
    }

    /// A path as it is written, seen from a folder.
    pub(super) fn path(&self, text: &str, cwd: &str, access: Access) -> Option<Trespass> {
        let from = Standpoint { cwd, home: self.home() };
        absolutes(text, from).into_iter().find_map(|path| self.absolute(&path, access))
    }

    /// An absolute path, dots and links as they are written.
    fn absolute(&self, path: &str, access: Access) -> Option<Trespass> {
        let key = (path.to_owned(), access);
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        let found = self.judged(path, access);
        self.known.borrow_mut().insert(key, found);
        found
    }

    fn judged(&self, path: &str, access: Access) -> Option<Trespass> {
        let disk = self.wall.disk;
        // Programs that take dots out by name, the kernel that follows them on the disk.
        let by_name = FolderPath::new(path);
        let mut places = vec![by_name.clone()];
        for real in [disk.real(&by_name.to_string()), disk.real(path)].into_iter().flatten() {
            let real = FolderPath::new(&real);
            if !places.contains(&real) {
                places.push(real);
            }
        }
        let mut is_owned = false;
        for place in &places {
            let owner = self.wall.plots.owner(place, disk);
            is_owned |= owner.is_some();
            if let Some(trespass) = owner.and_then(|owner| self.against(owner)) {
                return Some(trespass);
            }
            let arm = self.wall.arm.as_ref();
            if access.is_tree && self.wall.plots.is_any_closed_below(place, arm, disk) {
                return Some(Trespass::Search);
            }
            if let Some(trespass) = self.against_settings(place, access) {
                return Some(trespass);
            }
        }
        let real = places.last()?.to_string();
        if !is_owned
            && let Some(owner) = self.wall.plots.owner_of_repository(&real, disk)
            && let Some(trespass) = self.against(&owner)
        {
            return Some(trespass);
        }
        self.against_other_names(&real)
    }

    fn against(&self, owner: &Owner) -> Option<Trespass> {
        if !is_closed(owner, self.wall.arm.as_ref()) {
            return None;
        }
        Some(match owner {
            Owner::Octorato => Trespass::Octorato,
            Owner::Arm(_) | Owner::Transcripts | Owner::OwnTranscripts => Trespass::Outside,
        })
    }

    fn against_settings(&self, place: &FolderPath, access: Access) -> Option<Trespass> {
        if !access.writes {
            return None;
        }
        let is_in_a_home = || {
            self.wall.agent_homes.iter().any(|home| {
                let in_home = |name: &&str| {
                    FolderPath::new(&joined(home, name)).contains(place)
                        || access.is_tree && place.contains(&FolderPath::new(home))
                };
                settings::IN_A_HOME.iter().any(in_home)
            })
        };
        let is = settings::is_hook_settings(place)
            || access.is_tree && settings::holds_hook_settings(place)
            || is_in_a_home();
        is.then_some(Trespass::HookSettings)
    }

    /// A file that has another name where the session may not go.
    fn against_other_names(&self, real: &str) -> Option<Trespass> {
        let disk = self.wall.disk;
        let file = disk.identity(real).filter(|file| file.links > 1)?;
        if links::is_remade(&FolderPath::new(real)) {
            return None;
        }
        let closed = self.wall.plots.closed(self.wall.arm.as_ref()).map(|plot| &plot.path);
        links::has_a_name_in(file, closed, disk).then_some(Trespass::Outside)
    }

    /// A pattern of paths, seen from a folder; what is quoted in it is escaped.
    pub(super) fn pattern(&self, pattern: &str, cwd: &str, access: Access) -> Option<Trespass> {
        globs::alternatives(pattern).iter().find_map(|pattern| {
            if !globs::is_pattern(pattern) {
                return self.path(&globs::plain(pattern), cwd, access);
            }
            let from = Standpoint { cwd, home: self.home() };
            absolutes(pattern, from).iter().find_map(|path| self.absolute_pattern(path, access))
        })
    }

    fn absolute_pattern(&self, pattern: &str, access: Access) -> Option<Trespass> {
        let names = FolderPath::new(pattern).names().to_vec();
        let arm = self.wall.arm.as_ref();
        for plot in self.wall.plots.closed(arm) {
            let is_there = || self.wall.disk.identity(&plot.text).is_some();
            match globs::reach(&names, plot.path.names()) {
                Reach::Within if is_there() => return self.against(&plot.owner),
                Reach::Above if access.is_tree && is_there() => return Some(Trespass::Search),
                _ => {}
            }
        }
        // What comes before the first pattern is a folder, and what the pattern finds on the disk
        // may be a link.
        let head: Vec<String> = names
            .iter()
            .take_while(|name| !globs::is_pattern(name))
            .map(|n| globs::plain(n))
            .collect();
        let head = format!("/{}", head.join("/"));
        if access.writes && settings::holds_hook_settings(&FolderPath::new(&head)) {
            return Some(Trespass::HookSettings);
        }
        self.absolute(&head, Access::READ).or_else(|| self.links_of(&head, &names, access))
    }

    /// The links that a pattern finds in the folder before its first metacharacter.
    fn links_of(&self, head: &str, names: &[String], access: Access) -> Option<Trespass> {
        let depth = FolderPath::new(head).depth();
        let (pattern, rest) = (names.get(depth)?, names.get(depth + 1..)?);
        if pattern == "**" || access.names_only && rest.is_empty() {
            return None; // such patterns do not follow links
        }
        let found = self.wall.disk.names(head);
        let fitting = found.iter().filter(|name| name.is_link && globs::fits(pattern, &name.name));
        fitting.map(|name| &name.name).find_map(|name| {
            let mut path = format!("{head}/{name}");
            for name in rest.iter().take_while(|name| !globs::is_pattern(name)) {
                path = format!("{path}/{}", globs::plain(name));
            }
            self.absolute(&path, access)
        })
    }

    /// A text in which the path of a closed place is written out.
    pub(super) fn mentions(&self, text: &str) -> Option<Trespass> {
        let lower = text.to_lowercase();
        let arm = self.wall.arm.as_ref();
        for plot in self.wall.plots.closed(arm) {
            if matches!(plot.owner, Owner::Transcripts) || plot.path.depth() == 0 {
                continue;
            }
            for spelling in self.spellings(&plot.text) {
                for (at, _) in lower.match_indices(&spelling) {
                    let end = at + spelling.len();
                    if !is_boundary(&lower[end..]) {
                        continue;
                    }
                    // A root of the session's own may lie deeper.
                    let rest = lower[end..].find(|c: char| "\"'`\n".contains(c));
                    let whole = &plot.text;
                    let tail = &lower[end..rest.map_or(lower.len(), |rest| end + rest)];
                    let path = FolderPath::new(&format!("{whole}{tail}"));
                    if !self.is_open(&path) {
                        return self.against(&plot.owner);
                    }
                }
            }
        }
        None
    }

    fn is_open(&self, path: &FolderPath) -> bool {
        let owner = self.wall.plots.owner(path, self.wall.disk);
        owner.is_some_and(|owner| !is_closed(owner, self.wall.arm.as_ref()))
    }

    /// How people write a path: whole, and from the home folder; in lower case.
    fn spellings(&self, path: &str) -> Vec<String> {
        let path = path.to_lowercase();
        let home = self.home().map(str::to_lowercase);
        let below = home.as_deref().and_then(|home| path.strip_prefix(home));
        let below = below.filter(|below| below.starts_with('/')).map(str::to_owned);
        let mut found = vec![path];
        if let Some(below) = below {
            found.extend(["~", "$home", "${home}"].map(|home| format!("{home}{below}")));
        }
        found
    }
}

/// Whether a name ends here.
fn is_boundary(rest: &str) -> bool {
    rest.chars().next().is_none_or(|c| !(c.is_alphanumeric() || "-_.".contains(c)))
        || rest.starts_with("..")
        || rest.starts_with(". ")
        || rest == "."
}
