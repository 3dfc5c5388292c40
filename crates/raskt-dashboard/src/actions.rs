//! What viewers may have done: nothing, unless the server was told so and they know its token.

use std::pin::Pin;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::body::{Body, Incoming};
use hyper::header::AUTHORIZATION;

/// What is wanted is told in no more bytes than that.
const BODY_MAX_BYTES: usize = 64 << 10;

/// Does something: of an action and what it is told, in JSON. What came of it as JSON, or why it was refused. It may take a while.
pub type Actor = Arc<dyn Fn(&str, &str) -> Result<String, String> + Send + Sync>;

/// What viewers may have done.
#[derive(Clone)]
pub struct Actions {
    /// What they have to say to be let.
    pub token: String,
    /// Their names: the last part of the path that is posted to.
    pub names: &'static [&'static str],
    /// Who does it.
    pub actor: Actor,
}

impl Actions {
    /// Whether the headers of a request have the token, as `Authorization: Bearer TOKEN`. Browsers send no such header along with
    /// a stranger's form.
    pub fn allows(&self, headers: &HeaderMap) -> bool {
        let said = headers.get(AUTHORIZATION).and_then(|said| said.to_str().ok());
        let token = said.and_then(|said| said.strip_prefix("Bearer ")).unwrap_or_default().trim();
        // All of it is compared: how long that takes tells nothing of where it differs.
        let differs = token.bytes().zip(self.token.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
        !self.token.is_empty() && token.len() == self.token.len() && differs == 0
    }
}

/// What a request is told; none where it is too long, no text, or breaks off.
pub async fn body(mut incoming: Incoming) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        if bytes.len() + data.len() > BODY_MAX_BYTES {
            return None;
        }
        bytes.extend_from_slice(&data);
    }
    String::from_utf8(bytes).ok()
}
