//! What calls cost: prices, and what is kept of them. Pure: nothing here knows of calls or of files.

pub mod budget;
pub mod calendar;
pub mod ledger;
pub mod price;
pub mod table;
