//! The answer of `git-receive-pack` to a push: its status report, and on another side band the messages of the server and
//! its hooks. A server without side bands sends the report alone. gix would take the bands apart too, but it strips the line
//! end of each packet. git cuts messages wherever a buffer is full, so without line ends one could not tell whether a line
//! continues.

use gix::bstr::ByteSlice as _;
use gix::protocol::transport::client::blocking_io::ReadlineBufRead;
use gix::protocol::transport::packetline::PacketLineRef;
use gix::protocol::transport::packetline::blocking_io::StreamingPeekableIter;

use super::error_packet::error_packet;
use crate::system::network::sent_logins::hidden;

/// The most bytes of messages that are kept. If there are more, the last line says so.
const MAX_MESSAGES: usize = 64 << 10;

/// The most bytes of a report on one branch that are read.
const MAX_REPORT: usize = 64 << 10;

/// The answer to a push, by its side bands.
#[derive(Default)]
pub(in crate::git) struct PushReport {
    /// The first side band, which holds packet lines; a server without side bands sends these alone.
    report: Vec<u8>,
    /// The other bands, and an `ERR` packet: untrusted text.
    messages: Vec<u8>,
    is_truncated: bool,
    /// Whether there was an `ERR` packet or a fatal error, which end an answer.
    is_refused: bool,
}

impl PushReport {
    pub(in crate::git) fn read(reader: &mut impl ReadlineBufRead) -> anyhow::Result<Self> {
        let mut answer = Self::default();
        while let (false, Some(line)) = (answer.is_refused, reader.readline()) {
            let line = match line {
                // Over a pipe, gix has parsed the packet already.
                Err(error) => match error_packet(&error) {
                    Some(said) => {
                        answer.refuse(said.as_bytes());
                        continue;
                    }
                    None => return Err(error.into()),
                },
                Ok(line) => line?,
            };
            let PacketLineRef::Data(data) = line else { break };
            match data {
                [1, report @ ..] => answer.append_report(report)?,
                [2, text @ ..] => answer.append_message(text),
                // A fatal error of the server, behind which nothing is sure to come.
                [3, text @ ..] => answer.refuse(text),
                _ => match data.strip_prefix(b"ERR ") {
                    Some(said) => answer.refuse(said),
                    None => {
                        answer.append_report(format!("{:04x}", data.len() + 4).as_bytes())?;
                        answer.append_report(data)?;
                    }
                },
            }
        }
        Ok(answer)
    }

    fn append_report(&mut self, report: &[u8]) -> anyhow::Result<()> {
        anyhow::ensure!(self.report.len() + report.len() <= MAX_REPORT, "the report has no end");
        self.report.extend_from_slice(report);
        Ok(())
    }

    fn refuse(&mut self, said: &[u8]) {
        self.append_message(said);
        self.is_refused = true;
    }

    fn append_message(&mut self, text: &[u8]) {
        let room = MAX_MESSAGES - self.messages.len();
        self.messages.extend_from_slice(&text[..text.len().min(room)]);
        self.is_truncated |= text.len() > room;
    }

    /// Returns the status of the push to `branch`, which is a full ref name.
    pub(in crate::git) fn ref_status(&self, branch: &str) -> RefStatus {
        match ref_status(&self.report, branch) {
            RefStatus::Rejected(reason) => RefStatus::Rejected(hidden(&reason).into_owned()),
            RefStatus::Accepted => RefStatus::Accepted,
        }
    }

    /// Returns the messages: untrusted text, a line each.
    pub(in crate::git) fn messages(&self) -> Vec<String> {
        let mut messages = shown(&hidden(&self.messages.to_str_lossy()));
        if self.is_truncated {
            messages.push("(and more, which is left out)".to_owned());
        }
        messages
    }
}

/// Returns the lines of a text without colours. Of a line with carriage returns, the last text that is not blank stands.
fn shown(text: &str) -> Vec<String> {
    let last = |line: &str| line.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or_default().to_owned();
    let mut lines: Vec<_> = text.lines().map(|line| last(&without_colours(line)).trim_end().to_owned()).collect();
    lines.truncate(lines.iter().rposition(|line| !line.is_empty()).map_or(0, |end| end + 1));
    lines.drain(..lines.iter().take_while(|line| line.is_empty()).count());
    lines
}

/// Returns `text` without the escape sequences that set colours, `ESC [ … m`. All others stay; `report` escapes them.
fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match end.strip_prefix('m') {
            Some(after) => rest = after,
            None => {
                plain.push_str("\u{1b}[");
                rest = after;
            }
        }
    }
    plain + rest
}

/// The status of the one ref of a push.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::git) enum RefStatus {
    Accepted,
    Rejected(String),
}

/// Reads a status report: `unpack ok`, then `ok REF` or `ng REF REASON`. Anything else is a rejection, with every reason.
fn ref_status(report: &[u8], branch: &str) -> RefStatus {
    let lines = packet_lines(report);
    let declined = lines.iter().find_map(|line| {
        let rest = line.strip_prefix("ng ")?.strip_prefix(branch)?;
        match rest.strip_prefix(' ') {
            Some(reason) => Some(reason.trim()),
            None => rest.is_empty().then_some(""),
        }
    });
    let unpacked = lines.first().and_then(|line| line.strip_prefix("unpack "));
    RefStatus::Rejected(match (unpacked, declined) {
        (None, None) => "the server did not report what became of the push".to_owned(),
        (Some("ok"), None) => match lines.iter().position(|line| line.strip_prefix("ok ") == Some(branch)) {
            None => "the server did not report on the branch".to_owned(),
            Some(accepted) => match put_elsewhere(&lines[accepted + 1..], branch) {
                None => return RefStatus::Accepted,
                Some(reason) => reason,
            },
        },
        (Some("ok") | None, Some("")) => "the server gave no reason".to_owned(),
        (Some("ok") | None, Some(reason)) => reason.to_owned(),
        (Some(failure), None | Some("")) => format!("unpack failed: {failure}"),
        (Some(failure), Some(reason)) => format!("unpack failed: {failure}; {reason}"),
    })
}

/// Returns what became of a push that was accepted in another way than it was asked for, as the options behind its line tell:
/// a hook of the server may give the commit to another ref, or make another commit of it.
fn put_elsewhere(options: &[String], branch: &str) -> Option<String> {
    let mut options = options.iter().map_while(|line| line.strip_prefix("option "));
    options.find_map(|option| match option.split_once(' ')? {
        ("refname", other) if other != branch => {
            Some(format!("the server put the commit on `{other}`, and not on `{branch}`"))
        }
        ("new-oid", other) => Some(format!("the server put another commit on `{branch}`: {other}")),
        _ => None,
    })
}

/// Returns the packet lines up to the first flush packet, or to what is no packet line.
fn packet_lines(bytes: &[u8]) -> Vec<String> {
    let mut packets = StreamingPeekableIter::new(bytes, &[PacketLineRef::Flush], false);
    let mut lines = Vec::new();
    while let Some(Ok(Ok(packet))) = packets.read_line() {
        lines.extend(packet.as_slice().map(|line| line.to_str_lossy().trim_end().to_owned()));
    }
    lines
}

/// Reads any answer to a push: what is accepted was reported so, and what a server says has no line breaks left.
#[cfg(fuzzing)]
pub fn fuzz(answer: &[u8]) {
    let mut packets = StreamingPeekableIter::new(answer, &[PacketLineRef::Flush], false);
    let Ok(report) = PushReport::read(&mut packets.as_read()) else { return };
    match report.ref_status("refs/heads/main") {
        RefStatus::Accepted => assert!(!report.report.is_empty()),
        RefStatus::Rejected(reason) => assert!(!reason.is_empty()),
    }
    assert!(report.messages().iter().all(|line| !line.contains('\n')));
}

#[cfg(test)]
mod tests {
    use super::{MAX_MESSAGES, PacketLineRef, PushReport, RefStatus, StreamingPeekableIter, ref_status, shown};

    /// Reads an answer of these packets, each with the number of its side band.
    fn read(packets: &[(u8, &[u8])]) -> PushReport {
        let mut bytes = Vec::new();
        for (band, text) in packets {
            bytes.extend_from_slice(format!("{:04x}", text.len() + 5).as_bytes());
            bytes.push(*band);
            bytes.extend_from_slice(text);
        }
        bytes.extend_from_slice(b"0000");
        let mut packets = StreamingPeekableIter::new(bytes.as_slice(), &[PacketLineRef::Flush], false);
        PushReport::read(&mut packets.as_read()).unwrap()
    }

    #[test]
    fn messages_are_cut_and_that_is_told() {
        for (length, is_cut) in [(MAX_MESSAGES, false), (MAX_MESSAGES + 1, true)] {
            let text = vec![b'x'; length];
            let packets: Vec<(u8, &[u8])> = text.chunks(60_000).map(|piece| (2, piece)).collect();
            let messages = read(&packets).messages();
            assert_eq!(messages[0].len(), MAX_MESSAGES);
            assert_eq!(messages.len() == 2, is_cut, "{length}");
        }
    }

    fn report(lines: &[&str]) -> Vec<u8> {
        let packets: String = lines.iter().map(|line| format!("{:04x}{line}", line.len() + 4)).collect();
        (packets + "0000").into_bytes()
    }

    #[test]
    fn reports() {
        let rejected = |reason: &str| RefStatus::Rejected(reason.to_owned());
        let branch = "refs/heads/main";
        for (lines, expected) in [
            (&["unpack ok\n", "ok refs/heads/main\n"][..], RefStatus::Accepted),
            (&["unpack ok", "ng refs/heads/main pre-receive hook declined"], rejected("pre-receive hook declined")),
            (&["unpack index-pack abnormal exit"], rejected("unpack failed: index-pack abnormal exit")),
            (&["unpack failed", "ng refs/heads/main TF402455: no\n"], rejected("unpack failed: failed; TF402455: no")),
            (&["unpack error", "ng refs/heads/main"], rejected("unpack failed: error")),
            (&["unpack ok", "ng refs/heads/main"], rejected("the server gave no reason")),
            (&["unpack ok", "ng refs/heads/main \n"], rejected("the server gave no reason")),
            (&["unpack ok", "ok refs/heads/main", "ng refs/heads/main both"], rejected("both")),
            (&["unpack ok", "ng refs/heads/main-2 no"], rejected("the server did not report on the branch")),
            (&["unpack ok", "ok refs/heads/main-2"], rejected("the server did not report on the branch")),
            (
                &["unpack ok", "ok refs/heads/main", "option refname refs/pull/1/head"],
                rejected("the server put the commit on `refs/pull/1/head`, and not on `refs/heads/main`"),
            ),
            (
                &["unpack ok", "ok refs/heads/main", "option old-oid 1", "option new-oid 2", "ok refs/tags/v1"],
                rejected("the server put another commit on `refs/heads/main`: 2"),
            ),
            (&["unpack ok", "ok refs/heads/main", "option old-oid 1", "option forced-update"], RefStatus::Accepted),
            (
                &["unpack ok", "ok refs/heads/main", "ok refs/tags/v1", "option refname refs/pull/1/head"],
                RefStatus::Accepted,
            ),
            (&["unpack ok"], rejected("the server did not report on the branch")),
            (&[], rejected("the server did not report what became of the push")),
            (&["ok refs/heads/main"], rejected("the server did not report what became of the push")),
        ] {
            assert_eq!(ref_status(&report(lines), branch), expected, "{lines:?}");
        }
        for garbage in [&b""[..], b"000", b"zzzz", b"00ffunpack ok", b"0003"] {
            assert_ne!(ref_status(garbage, branch), RefStatus::Accepted);
        }
    }

    #[test]
    fn what_is_shown_of_what_a_server_says() {
        for (said, expected) in [
            ("one\ntwo\n", &["one", "two"][..]),
            ("one\r\ntwo", &["one", "two"]),
            ("10%\r100%\rdone\n", &["done"]),
            ("10%\r100%\r", &["100%"]),
            ("a long line of a hook\r        \r", &["a long line of a hook"]),
            ("working ...\r           \rdone\n", &["done"]),
            ("\u{1b}[1mworking\u{1b}[m\r\u{1b}[1m  \u{1b}[m\rdone   \n", &["done"]),
            ("\n\none\n \ntwo\n\n", &["one", "", "two"]),
            ("\u{1b}[1;31mred\u{1b}[m \u{1b}[0mplain", &["red plain"]),
            ("\u{1b}[2Jx\u{1b}[", &["\u{1b}[2Jx\u{1b}["]),
            ("\r\n\r", &[]),
        ] {
            assert_eq!(shown(said), expected, "{said:?}");
        }
    }
}
