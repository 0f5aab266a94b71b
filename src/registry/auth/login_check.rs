//! Whether a login is right at its registry. While that is unknown, one check shows the login and the others wait for it,
//! so that a wrong password is shown once: a second time would only help to lock the account.

use std::sync::{Arc, Mutex, MutexGuard};

use super::login::StoredLogin;
use super::scheme::TokenServer;
use crate::registry::early_end::EarlyEnd;
use crate::registry::http::error_response::ErrorResponse;
use crate::registry::verdict::Verdict;
use crate::system::lock::lock;

/// What the registry said to the login; `None` if it did not say yet.
type LoginOutcome = Option<Result<(), ErrorResponse>>;

/// The logins that were shown.
#[derive(Debug, Default)]
pub(super) struct ShownLogins(Mutex<Vec<ShownLogin>>);

/// A login, and where it is shown: what one token server says of it, another need not say.
#[derive(Debug)]
struct ShownLogin {
    registry: String,
    /// `None`: it is shown to the registry itself.
    server: Option<TokenServer>,
    login: StoredLogin,
    check: Arc<LoginCheck>,
}

impl ShownLogins {
    /// Returns what is known of a login where it is shown, which all checks share.
    pub(super) fn check(&self, registry: &str, server: Option<&TokenServer>, login: &StoredLogin) -> Arc<LoginCheck> {
        let mut logins = lock(&self.0);
        let is_it = |shown: &&ShownLogin| {
            shown.registry == registry && shown.server.as_ref() == server && shown.login == *login
        };
        if let Some(shown) = logins.iter().find(is_it) {
            return Arc::clone(&shown.check);
        }
        let check = Arc::<LoginCheck>::default();
        let (registry, server, login) = (registry.to_owned(), server.cloned(), login.clone());
        logins.push(ShownLogin { registry, server, login, check: Arc::clone(&check) });
        check
    }
}

#[derive(Debug, Default)]
pub(in crate::registry) struct LoginCheck(Mutex<LoginOutcome>);

/// The first use of a login: no other check shows it as long as this is held. If it is dropped, the outcome stays unknown,
/// and another check has the first use.
pub(in crate::registry) struct FirstUse<'a>(MutexGuard<'a, LoginOutcome>);

impl LoginCheck {
    /// Returns the first use of the login, or `None` if it is known to be right. Waits while another check has the first
    /// use, which its deadline bounds. Ends the check if the login is known to be wrong.
    pub(in crate::registry) fn begin(&self) -> Result<Option<FirstUse<'_>>, EarlyEnd> {
        let outcome = lock(&self.0);
        match &*outcome {
            None => Ok(Some(FirstUse(outcome))),
            Some(Ok(())) => Ok(None),
            Some(Err(response)) => Err(Verdict::LoginRejected(response.clone()).into()),
        }
    }
}

impl FirstUse<'_> {
    pub(in crate::registry) fn accepted(mut self) {
        *self.0 = Some(Ok(()));
    }

    pub(in crate::registry) fn rejected(mut self, response: ErrorResponse) {
        *self.0 = Some(Err(response));
    }
}
