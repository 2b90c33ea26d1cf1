//! Which witnesses must have cosigned a checkpoint (C2SP `tlog-policy`): logs, witnesses, groups of them, and one quorum.
//!
//! ```text
//! log example.com/covenant+3ab0c4f1+AQ…
//! witness first  witness.example.com/w1+8cd66cf8+BO… https://witness.example.com
//! witness second regulator.example.org+1f30ab55+BC…  https://regulator.example.org/witness
//! group both all first second
//! quorum both
//! ```
//!
//! A known witness whose cosignature does not hold refuses the whole note, as in every signed note; unknown ones are ignored.

use crate::cosignature::WitnessKey;
use crate::errors::WitnessError;
use crate::note::{LogKey, Note};

/// The largest policy, in bytes.
pub const POLICY_BYTES_MAX: usize = 1 << 16;
/// The most logs, witnesses and groups, each.
const LINES_MAX: usize = 60;
/// The name that stands for no quorum at all.
const NONE: &str = "none";

/// A witness that a policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it.
    pub name: String,
    /// Its key.
    pub key: WitnessKey,
    /// Where it takes checkpoints: its submission prefix.
    pub url: Option<String>,
}

/// One of a group, by its place among the witnesses or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<Member>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessPolicy {
    logs: Vec<LogKey>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// Nothing where no cosignature is needed.
    quorum: Option<Member>,
}

/// A witness that has cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// What the policy calls it.
    pub name: String,
    /// When it did, in Unix seconds.
    pub time: u64,
}

impl WitnessPolicy {
    /// Reads a policy.
    ///
    /// # Errors
    /// Names the first line that is not as it must be.
    pub fn parse(text: &str) -> Result<Self, WitnessError> {
        let refuse = |line, expected| WitnessError::Policy { line, expected };
        if text.len() > POLICY_BYTES_MAX {
            return Err(refuse(1, "at most 65,536 bytes"));
        }
        let lines = match text.strip_suffix('\n') {
            Some(lines) => lines,
            None if text.is_empty() => text,
            None => return Err(refuse(text.lines().count(), "a newline at the end")),
        };
        let mut reader = Reader::default();
        let mut last = 0;
        for (at, line) in lines.split('\n').enumerate() {
            last = at + 1;
            if line.bytes().any(|byte| byte != b'\t' && (byte < 0x20 || byte == 0x7f)) {
                return Err(refuse(last, "no control characters but tabs"));
            }
            let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
            reader.line(&items).map_err(|expected| refuse(last, expected))?;
        }
        let quorum = reader.quorum.ok_or(refuse(last + 1, "a quorum line"))?;
        Ok(Self {
            logs: reader.logs,
            witnesses: reader.witnesses,
            groups: reader.groups,
            quorum,
        })
    }

    /// The witnesses that it knows.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The logs that it is about; any where there is none.
    pub fn logs(&self) -> &[LogKey] {
        &self.logs
    }

    /// Checks that enough witnesses have cosigned a note of this log, and says who. That the log itself signed it is checked by
    /// [`crate::SignedCheckpoint::open`].
    ///
    /// # Errors
    /// Says whether the policy is about other logs, a known witness's cosignature does not hold, or the quorum is not reached.
    pub fn check(&self, note: &str, log: &LogKey) -> Result<Vec<Cosigned>, WitnessError> {
        if !self.logs.is_empty() && !self.logs.contains(log) {
            return Err(WitnessError::OtherLog { log: log.to_string() });
        }
        let note = Note::parse(note)?;
        let mut have = vec![false; self.witnesses.len()];
        let mut cosigned = Vec::new();
        for (witness, has) in self.witnesses.iter().zip(&mut have) {
            if let Some(time) = witness.key.cosigned(&note)? {
                *has = true;
                cosigned.push(Cosigned {
                    name: witness.name.clone(),
                    time,
                });
            }
        }
        if self.reached(&have) {
            return Ok(cosigned);
        }
        Err(WitnessError::Quorum {
            cosigned: cosigned.into_iter().map(|cosigned| cosigned.name).collect(),
        })
    }

    /// Whether the witnesses that have an address could make the quorum.
    pub fn reachable(&self) -> bool {
        let have: Vec<bool> = self.witnesses.iter().map(|witness| witness.url.is_some()).collect();
        self.reached(&have)
    }

    /// Whether these witnesses, by their places, make the quorum.
    fn reached(&self, have: &[bool]) -> bool {
        // A group's members stand before it, so one pass decides all.
        let mut groups: Vec<bool> = Vec::with_capacity(self.groups.len());
        let holds = |member: &Member, groups: &[bool]| match member {
            Member::Witness(at) => have.get(*at).copied().unwrap_or(false),
            Member::Group(at) => groups.get(*at).copied().unwrap_or(false),
        };
        for group in &self.groups {
            let count = group.members.iter().filter(|member| holds(member, &groups)).count();
            groups.push(count >= group.threshold);
        }
        self.quorum.is_none_or(|member| holds(&member, &groups))
    }
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    logs: Vec<LogKey>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// Names that a group has as members already: each counts in one way only.
    taken: Vec<String>,
    quorum: Option<Option<Member>>,
}

impl Reader {
    fn line(&mut self, items: &[&str]) -> Result<(), &'static str> {
        match items {
            [] => Ok(()),
            [comment, ..] if comment.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, threshold, members @ ..] if !members.is_empty() => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(
                "log KEY [URL], witness NAME KEY [URL], group NAME all|any|NUMBER MEMBER…, quorum NAME, or a comment",
            ),
        }
    }

    fn find(&self, name: &str) -> Option<Member> {
        let witness = self.witnesses.iter().position(|witness| witness.name == name);
        let group = || self.groups.iter().position(|group| group.name == name);
        witness.map(Member::Witness).or_else(|| group().map(Member::Group))
    }

    fn fresh(&self, name: &str) -> Result<(), &'static str> {
        if name == NONE || self.find(name).is_some() {
            return Err("a name that is not taken");
        }
        Ok(())
    }

    fn log(&mut self, key: &str) -> Result<(), &'static str> {
        let key = LogKey::parse(key).map_err(|_| "a log's key, of type 01")?;
        if self.logs.iter().any(|log| log.public() == key.public()) {
            return Err("each log once");
        }
        if self.logs.len() == LINES_MAX {
            return Err("at most 60 logs");
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), &'static str> {
        self.fresh(name)?;
        let key = WitnessKey::parse(key).map_err(|_| "a witness's key, of type 04")?;
        if self
            .witnesses
            .iter()
            .any(|witness| witness.key.public() == key.public())
        {
            return Err("each witness once");
        }
        if self.witnesses.len() == LINES_MAX {
            return Err("at most 60 witnesses");
        }
        self.witnesses.push(Witness {
            name: name.to_owned(),
            key,
            url: url.map(str::to_owned),
        });
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), &'static str> {
        self.fresh(name)?;
        if self.groups.len() == LINES_MAX {
            return Err("at most 60 groups");
        }
        let threshold = match threshold {
            "all" => members.len(),
            "any" => 1,
            number => decimal(number).ok_or("all, any or a number in decimal")?,
        };
        if threshold == 0 || threshold > members.len() {
            return Err("a number from 1 to that of the members");
        }
        let mut found = Vec::with_capacity(members.len());
        for member in members {
            found.push(self.find(member).ok_or("members that were defined before")?);
            if self.taken.iter().any(|taken| taken == member) {
                return Err("each name as a member once");
            }
            self.taken.push((*member).to_owned());
        }
        self.groups.push(Group {
            name: name.to_owned(),
            threshold,
            members: found,
        });
        Ok(())
    }

    fn quorum(&mut self, name: &str) -> Result<(), &'static str> {
        if self.quorum.is_some() {
            return Err("one quorum line");
        }
        self.quorum = Some(match name {
            NONE => None,
            name => Some(self.find(name).ok_or("none, or a name that was defined before")?),
        });
        Ok(())
    }
}

fn decimal(text: &str) -> Option<usize> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    fn secret(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32])
    }

    fn witness(number: u8) -> WitnessKey {
        WitnessKey::new(format!("w.example/{number}"), secret(number).verifying_key()).expect("a name")
    }

    fn log() -> LogKey {
        LogKey::new("example.com/log", secret(99).verifying_key()).expect("a name")
    }

    /// A note that these have cosigned.
    fn note(by: &[u8]) -> String {
        let text = "example.com/log\n1\nAAAA\n";
        let mut note = log().sign(text, &secret(99));
        for number in by {
            note += &witness(*number).cosign(text, u64::from(*number), &secret(*number));
        }
        note
    }

    fn policy(rest: &str) -> String {
        let mut text = format!("# who must have seen it\n\nlog {}  https://log.example\n", log());
        for number in 1..=6 {
            text += &format!(" witness\tw{number} {} https://w{number}.example \n", witness(number));
        }
        text + rest
    }

    /// The example of the specification: two of three, and any of the others.
    const TWO_LEVELS: &str = "group x 2 w1 w2 w3\ngroup y any w4 w5 w6\ngroup both all x y\nquorum both\n";

    #[test]
    fn a_quorum_is_reached_by_those_who_count() {
        let policy = WitnessPolicy::parse(&policy(TWO_LEVELS)).expect("a policy");
        for (by, reached) in [
            (&[1, 2, 4][..], true),
            (&[1, 3, 6], true),
            (&[1, 2, 3, 4, 5, 6], true),
            (&[1, 4, 5, 6], false),
            (&[1, 2, 3], false),
            (&[], false),
        ] {
            let checked = policy.check(&note(by), &log());
            assert_eq!(checked.is_ok(), reached, "{by:?}");
            match checked {
                Ok(cosigned) => {
                    let times: Vec<u64> = cosigned.iter().map(|cosigned| cosigned.time).collect();
                    assert_eq!(times, by.iter().map(|number| u64::from(*number)).collect::<Vec<_>>());
                }
                Err(error) => assert_eq!(error.code(), "quorum-not-reached"),
            }
        }
        assert_eq!(policy.witnesses()[5].url.as_deref(), Some("https://w6.example"));
    }

    #[test]
    fn a_single_witness_and_none_are_quorums_too() {
        let one = WitnessPolicy::parse(&policy("quorum w2\n")).expect("a policy");
        assert!(one.check(&note(&[2]), &log()).is_ok() && one.check(&note(&[1]), &log()).is_err());
        let none = WitnessPolicy::parse("quorum none\n").expect("a policy");
        assert!(none.check(&note(&[]), &log()).is_ok() && none.reachable());
        let nowhere = format!("witness w {}\nquorum w\n", witness(1));
        assert!(!WitnessPolicy::parse(&nowhere).expect("a policy").reachable());
    }

    #[test]
    fn another_log_or_a_false_cosignature_is_refused() {
        let policy = WitnessPolicy::parse(&policy("quorum w1\n")).expect("a policy");
        let other = LogKey::new("example.com/other", secret(98).verifying_key()).expect("a name");
        let code = |note: &str, log: &LogKey| policy.check(note, log).map_err(|error| error.code()).map(drop);
        assert_eq!(code(&note(&[1]), &other), Err("log-not-in-witness-policy"));
        // A known witness that is wrong refuses the note, though another one would do.
        let false_one = note(&[1]) + &witness(2).cosign("another text\n", 3, &secret(2));
        assert_eq!(code(&false_one, &log()), Err("note-signature-invalid"));
    }

    #[test]
    fn malformed_policies_name_the_line() {
        let header = policy("").lines().count();
        let cases = [
            ("", 1, "a quorum line"),
            ("quorum w1", 0, "a newline at the end"),
            ("quorum w9\n", 0, "none, or a name that was defined before"),
            ("quorum w1\nquorum w1\n", 1, "one quorum line"),
            (
                "group g 3 w1 w2\nquorum g\n",
                0,
                "a number from 1 to that of the members",
            ),
            ("group g 0 w1 w2\nquorum g\n", 0, "all, any or a number in decimal"),
            ("group g 01 w1 w2\nquorum g\n", 0, "all, any or a number in decimal"),
            ("group g all w1 w1\nquorum g\n", 0, "each name as a member once"),
            (
                "group g all w1\ngroup h all w1\nquorum g\n",
                1,
                "each name as a member once",
            ),
            (
                "group g all h\ngroup h all w1\nquorum g\n",
                0,
                "members that were defined before",
            ),
            ("group w1 all w2\nquorum w1\n", 0, "a name that is not taken"),
            ("group none all w2\nquorum w1\n", 0, "a name that is not taken"),
            ("quorum\u{7}w1\n", 0, "no control characters but tabs"),
        ];
        for (rest, line, expected) in cases {
            let line = header + line + usize::from(!rest.is_empty());
            let refused = WitnessPolicy::parse(&policy(rest)).map(drop);
            assert_eq!(refused, Err(WitnessError::Policy { line, expected }), "{rest:?}");
        }
        let twice = format!("witness other {}\nquorum w1\n", witness(1));
        let line = header + 1;
        let expected = "each witness once";
        assert_eq!(
            WitnessPolicy::parse(&policy(&twice)).map(drop),
            Err(WitnessError::Policy { line, expected })
        );
        let wrong = format!("witness other {}\nquorum w1\n", log());
        let expected = "a witness's key, of type 04";
        assert_eq!(
            WitnessPolicy::parse(&policy(&wrong)).map(drop),
            Err(WitnessError::Policy { line, expected })
        );
        for nonsense in [
            "witness a\nquorum none\n",
            "group g all\nquorum none\n",
            "what\nquorum none\n",
        ] {
            assert!(matches!(
                WitnessPolicy::parse(nonsense),
                Err(WitnessError::Policy { line: 1, .. })
            ));
        }
    }
}
