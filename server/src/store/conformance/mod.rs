//! What every store must do, whatever it keeps its rows in.

mod extremes;
mod guards;
mod merging;
mod paging;
mod rows;
mod script;

use std::error::Error;
use std::sync::Arc;

use super::{PostgresStore, SqliteStore, Store};
use crate::postgres::testing::TestDatabase;
use crate::postgres::{Database, Storage};

pub(super) use script::{
    ANN, BOB, BTC, ETH, Script, accepted, closed, listed, order, settled, trade,
};

pub(super) type TestResult = Result<(), Box<dyn Error>>;

/// Where a store under test keeps its rows.
#[derive(Debug)]
pub(super) enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(TestDatabase, Storage),
}

impl Place {
    /// A new one: a file, or a database that stores rows by time in this way.
    async fn new(storage: Option<Storage>) -> Result<Self, Box<dyn Error>> {
        Ok(match storage {
            None => Self::Sqlite(tempfile::tempdir()?),
            Some(storage) => Self::Postgres(TestDatabase::create().await?, storage),
        })
    }

    /// Opens the store, which is created the first time.
    async fn open(&self) -> Result<Arc<dyn Store>, Box<dyn Error>> {
        match self {
            Self::Sqlite(dir) => Ok(Arc::new(SqliteStore::open(dir.path())?)),
            Self::Postgres(database, storage) => {
                let database = Database::connect_with(&database.url(), *storage).await?;
                Ok(Arc::new(PostgresStore::new(&database)))
            }
        }
    }

    /// Runs SQL behind the store's back.
    async fn tamper(&self, sql: &str) -> TestResult {
        match self {
            Self::Sqlite(dir) => {
                let file = dir.path().join("history.sqlite");
                rusqlite::Connection::open(file)?.execute_batch(sql)?;
            }
            Self::Postgres(database, _) => database.sql(sql).await?,
        }
        Ok(())
    }
}

/// Runs each test on each store.
macro_rules! conformance {
    (@on $name:ident, $storage:expr, $($module:ident::$test:ident),*) => {
        mod $name {
            use super::{Place, Storage, TestResult};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() -> TestResult {
                    let storage: Option<Storage> = $storage;
                    super::$module::$test(&Place::new(storage).await?).await
                }
            )*
        }
    };
    ($($module:ident::$test:ident),* $(,)?) => {
        conformance!(@on sqlite, None, $($module::$test),*);
        conformance!(@on timescale, Some(Storage::TimescaleIfAvailable), $($module::$test),*);
        conformance!(@on partitions, Some(Storage::Partitions), $($module::$test),*);
    };
}

conformance![
    rows::an_empty_store_has_nothing,
    rows::what_was_written_is_read_back_also_after_reopening,
    rows::an_order_is_what_became_of_it_wherever_its_changes_are_cut,
    rows::an_amended_order_has_its_new_terms_wherever_its_changes_are_cut,
    rows::every_term_of_an_order_is_read_back,
    rows::an_order_that_slid_has_the_price_it_rests_at,
    rows::a_trade_with_oneself_is_two_fills_the_makers_first,
    rows::a_fee_is_read_back_whatever_it_is_paid_in,
    rows::a_name_means_its_newest_order,
    rows::nobody_sees_the_orders_of_others,
    rows::a_batch_may_be_larger_than_any_statement,
    extremes::the_largest_numbers_lose_nothing,
    extremes::the_largest_sums_saturate_as_in_memory,
    extremes::what_does_not_fit_is_refused_by_name,
    paging::orders_are_paged_as_a_list_of_them_would_be,
    paging::fills_are_paged_as_a_list_of_them_would_be,
    paging::trades_are_paged_as_a_list_of_them_would_be,
    paging::candles_are_paged_as_a_series_of_them_is,
    guards::a_store_belongs_to_one_log,
    guards::changes_are_written_once_and_where_they_belong,
    guards::of_two_writers_one_is_told_that_the_cursor_moved,
    guards::a_write_that_fails_half_way_leaves_nothing,
    guards::rows_are_as_old_as_the_cursor_that_comes_with_them,
    merging::changes_cut_anywhere_add_up_to_what_is_in_memory,
];
