//! Checks of the source that no compiler makes.
