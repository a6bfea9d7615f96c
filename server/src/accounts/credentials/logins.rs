//! Logging in, and changing the password.

use std::sync::Arc;

use orderbook_core::AccountId;
use zeroize::Zeroizing;

use super::audit::Event;
use super::client::Client;
use super::error::CredentialsError;
use super::second_factor::Proof;
use super::throttle::Subject;
use super::users::Username;
use super::{Credentials, passwords, sessions};

impl Credentials {
    /// Opens a session and returns its token, which is stored nowhere else. The oldest session
    /// of an account gives way when there are too many.
    ///
    /// # Errors
    ///
    /// `WrongCredentials` for an unknown user as for a wrong password, after the same work;
    /// `CodeMissing` and `WrongCode` where there is a second factor; `TooManyTries`, `Busy`,
    /// `Storage`.
    pub(crate) async fn login(
        &self,
        username: &str,
        password: &str,
        code: Option<&str>,
        client: &Client,
    ) -> Result<String, CredentialsError> {
        // No stored password breaks the rule, so this tells nothing about who exists, and is no
        // guess.
        if passwords::check(password).is_err() {
            return Err(CredentialsError::WrongCredentials);
        }
        let username = Username::parse(username);
        let name = username.as_ref().map(|name| Subject::Name(name.folded()));
        let address = client.address().map(Subject::address);
        let subjects: Vec<_> = name.iter().cloned().chain(address).collect();

        let checked = self.check_login(username, password, &subjects, client);
        let (account, password_hash) = checked.await?;
        match self.prove(account, code).await {
            Ok(Proof::RecoveryCode) => {
                let note = self.note(Event::RecoveryCodeUsed, client);
                self.inner.store.record(account, note).await?;
            }
            Ok(Proof::NotNeeded | Proof::Code) => {}
            Err(CredentialsError::WrongCode) => {
                self.refused(Some(account), &subjects, client);
                return Err(CredentialsError::WrongCode);
            }
            Err(error) => return Err(error),
        }
        if let Some(name) = &name {
            self.inner.throttle.succeeded(name);
        }
        let (token, hash) = sessions::draw()?;
        let note = self.note(Event::LoggedIn, client);
        let started = self
            .inner
            .store
            .start_session(hash, account, &password_hash, note);
        started.await?;
        Ok(token)
    }

    /// Whose name and password these are, and the hash of the password.
    async fn check_login(
        &self,
        username: Option<Username>,
        password: &str,
        subjects: &[Subject],
        client: &Client,
    ) -> Result<(AccountId, String), CredentialsError> {
        let throttle = &self.inner.throttle;
        throttle.check(subjects, self.inner.now())?;
        let turn = self.inner.hashing.turn().await?;
        // Again: others that waited with this one may have failed meanwhile.
        throttle.check(subjects, self.inner.now())?;
        let user = match &username {
            Some(username) => self.inner.store.user(username).await?,
            None => None,
        };
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let password = Zeroizing::new(password.to_owned());
        let matches = self
            .hashing(move |hashing| hashing.verify(turn, &password, hash.as_deref()))
            .await?;
        match user {
            Some(user) if matches => Ok((user.account, user.password_hash)),
            user => {
                self.refused(user.map(|user| user.account), subjects, client);
                Err(CredentialsError::WrongCredentials)
            }
        }
    }

    /// Counts a wrong password or code, and notes it for the owner of the account, if there is one.
    /// Nobody waits for that: the time it takes would tell who exists.
    fn refused(&self, account: Option<AccountId>, subjects: &[Subject], client: &Client) {
        self.inner.throttle.failed(subjects, self.inner.now());
        let Some(account) = account else {
            return;
        };
        let note = self.note(Event::LoginRefused, client);
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            if let Err(error) = inner.store.record(account, note).await {
                tracing::warn!(%error, account = account.get(), "a refused login could not be noted");
            }
        });
    }

    /// Changes the password of the owner of a session, and ends all other sessions.
    ///
    /// # Errors
    ///
    /// `InvalidSession`; `InvalidPassword` for the new one; `WrongPassword`, `TooManyTries`,
    /// `Busy`, `Storage`.
    pub(crate) async fn change_password(
        &self,
        token: &str,
        old: &str,
        new: &str,
        client: &Client,
    ) -> Result<(), CredentialsError> {
        let account = self.session(token).await?;
        let keep = sessions::digest(token).ok_or(CredentialsError::InvalidSession)?;
        passwords::check(new).map_err(CredentialsError::InvalidPassword)?;
        let [old, new] = [old, new].map(|password| Zeroizing::new(password.to_owned()));

        let checking = async {
            let turn = self.inner.hashing.turn().await?;
            let hash = self.inner.store.password_hash(account).await?;
            let matches = self
                .hashing(move |hashing| hashing.verify(turn, &old, hash.as_deref()))
                .await?;
            matches.then_some(()).ok_or(CredentialsError::WrongPassword)
        };
        self.guarded(account, client, checking).await?;
        let turn = self.inner.hashing.turn().await?;
        let hash = self
            .hashing(move |hashing| hashing.hash(turn, &new))
            .await?;
        let note = self.note(Event::PasswordChanged, client);
        let store = &self.inner.store;
        store.set_password(account, hash, keep, note).await?;
        tracing::info!(account = account.get(), "password changed");
        Ok(())
    }
}
