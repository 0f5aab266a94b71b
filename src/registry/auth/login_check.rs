//! Whether a login is right at its registry. While that is unknown, one check shows the login and the others wait for it,
//! so that a wrong password is shown once: a second time would only help to lock the account.

use std::sync::{Mutex, MutexGuard};

use crate::registry::early_end::EarlyEnd;
use crate::registry::http::error_response::ErrorResponse;
use crate::registry::verdict::Verdict;
use crate::system::lock::lock;

/// What the registry said to the login; `None` if it did not say yet.
type LoginOutcome = Option<Result<(), ErrorResponse>>;

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
            Some(Err(response)) => Err(EarlyEnd::Verdict(Verdict::LoginRejected(response.clone()))),
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
