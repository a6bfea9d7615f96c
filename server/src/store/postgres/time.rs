//! Times as the server has them, to the microsecond.
//!
//! `TIMESTAMPTZ` is a count of microseconds since the year 2000, and that is how it travels. Going
//! through text or through seconds would cost time or digits.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

/// The year 2000 in microseconds since the Unix epoch.
const YEAR_2000: i64 = 946_684_800_000_000;

const TIMESTAMPTZ: Oid = Oid(1184);
const TIMESTAMPTZ_ARRAY: Oid = Oid(1185);

/// Microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Micros(pub(super) i64);

impl Type<Postgres> for Micros {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }
}

impl PgHasArrayType for Micros {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ_ARRAY)
    }
}

impl Encode<'_, Postgres> for Micros {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // No time is before 1970, so that this does not overflow.
        Encode::<Postgres>::encode(self.0 - YEAR_2000, buffer)
    }
}

impl Decode<'_, Postgres> for Micros {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        // A prepared statement answers in binary.
        let since_2000: i64 = Decode::<Postgres>::decode(value)?;
        let micros = since_2000.checked_add(YEAR_2000);
        micros.map(Self).ok_or_else(|| "infinity is no time".into())
    }
}
