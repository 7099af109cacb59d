//! What a guard promises, on the ledger in memory.

mod acceptance;
mod arms;
mod ends;
mod lifecycles;
mod outages;
mod prices;
mod retries;
mod store_fails;
mod waits;
mod world;
