//! Single connections to a database.

use std::fmt;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::error::DatabaseError;
use super::migrations::{self, MIGRATIONS, Storage};
use super::url::{self, Place, Setting};
use super::{CONNECT_TIMEOUT, check_version, in_time, options, within};

/// Where a database is, and how to get in.
#[derive(Clone)]
pub(crate) struct Connector {
    options: PgConnectOptions,
    place: Place,
}

impl Connector {
    /// Nothing is connected yet.
    pub(crate) fn new(setting: Setting, url: &str) -> Result<Self, DatabaseError> {
        let options = options(url::parse(setting, url)?);
        let place = Place::of(setting, &options);
        Ok(Self { options, place })
    }

    /// Brings the schema up to date.
    pub(crate) async fn migrate(&self, storage: Storage) -> Result<(), DatabaseError> {
        let mut connection = self.open_checked().await?;
        migrations::migrate(&mut connection, &self.place, MIGRATIONS, storage).await?;
        in_time(migrations::report_storage(&mut connection))
            .await
            .map_err(|error| self.place.error(&error))?;
        // It has told all it was asked for; how it ends changes nothing.
        drop(in_time(connection.close()).await);
        Ok(())
    }

    /// Makes sure that the schema is up to date, and changes nothing.
    pub(crate) async fn check(&self) -> Result<(), DatabaseError> {
        let mut connection = self.open_checked().await?;
        let place = &self.place;
        if migrations::is_up_to_date(&mut connection, place, MIGRATIONS).await? {
            return Ok(());
        }
        Err(DatabaseError::OlderSchema {
            place: place.clone(),
        })
    }

    async fn open_checked(&self) -> Result<PgConnection, DatabaseError> {
        let opened = self.open().await;
        let connection = opened.map_err(|error| self.place.error(&error))?;
        if let Some(version) = connection.server_version_num() {
            check_version(version, &self.place)?;
        }
        Ok(connection)
    }

    /// One connection, and the reason when there is none.
    pub(crate) async fn open(&self) -> Result<PgConnection, sqlx::Error> {
        within(CONNECT_TIMEOUT, PgConnection::connect_with(&self.options)).await
    }

    /// The URL, but for the password.
    pub(crate) fn name(&self) -> String {
        self.place.url()
    }

    pub(super) fn into_options(self) -> PgConnectOptions {
        self.options
    }
}

/// Says nothing of the password.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connector").field(&self.name()).finish()
    }
}
