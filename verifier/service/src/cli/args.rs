//! The arguments, typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use covenant_api::documents::RetirementCause;
use covenant_api::types::{Hex32, LogOrigin, Name, Text};

use crate::sandbox;
use crate::settings::{LogFormat, Overrides};

/// The Covenant service: checks proofs, records verdicts in a transparent ledger, answers with receipts.
///
/// Settings come from a TOML file (the directory's service.toml, or --config), then from variables COVENANT_VERIFIER_NAME, then from
/// flags; `covenant-verifier config` prints every one.
#[derive(Debug, Parser)]
#[command(name = "covenant-verifier", version, max_term_width = 110)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// The settings file [default: service.toml in the directory, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory of ledger, tokens and service.key
    #[arg(long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Sets any setting by its name; may be repeated
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a new service: its key, an empty ledger, a settings file
    Init {
        /// The log's name, unique in the world: a URL without its scheme, such as example.com/covenant
        #[arg(long, value_parser = LogOrigin::parse)]
        origin: LogOrigin,
    },
    /// Run the service until SIGTERM or SIGINT
    Serve {
        /// Address and port to listen on
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
        /// Accept keys made for development; never in production
        #[arg(long)]
        allow_development_keys: bool,
        /// How log lines are written
        #[arg(long)]
        log_format: Option<LogFormat>,
    },
    /// Run a service to try: seeded with a bank, a company and bundles, for as long as the command runs
    Sandbox {
        /// Address and port to listen on
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
    },
    /// Bearer tokens of banks and auditors
    #[command(subcommand)]
    Token(TokenVerb),
    /// The log's registry of verifying keys; to register and to retire, no server may be running
    #[command(subcommand)]
    Key(KeyVerb),
    /// Write the whole log into one file, for an auditor or as a backup; no server may be running
    Export {
        /// The file to make
        #[arg(long)]
        out: PathBuf,
    },
    /// Recheck everything that the ledger stores; no server may be running
    Check,
    /// Print the settings in force
    Config,
    /// Print the OpenAPI document
    Openapi,
}

/// What to do with tokens. A running server notices at once.
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token; it is printed once and kept only as a hash
    New {
        /// What its holder may do
        #[arg(long)]
        role: RoleName,
        /// The bank's first key, 64 hexadecimal digits; with --role bank
        #[arg(long, value_parser = Hex32::parse, required_if_eq("role", "bank"))]
        bank: Option<Hex32>,
        /// Whose it is, for your own use
        #[arg(long, value_parser = Name::parse)]
        name: Name,
    },
    /// List the tokens
    List,
    /// Revoke a token
    Revoke {
        /// The token's id, as the list shows it
        id: String,
    },
}

/// What to do with verifying keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Sign what a key's folder says of the key, for banks to pin it by; a server may be running
    Sign {
        /// The key's folder, as `covenant ceremony finish` writes it
        folder: PathBuf,
        /// Where to write the signed manifest; must not exist
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Sign for a key made for development; never in production
        #[arg(long)]
        allow_development_keys: bool,
    },
    /// Enter a key into the log's registry: from that entry on, banks can pin it and ask under it
    Register {
        /// The key's folder, as `covenant ceremony finish` writes it
        folder: PathBuf,
        /// The manifest that `key sign` wrote [default: one is signed now]
        #[arg(long, value_name = "FILE")]
        manifest: Option<PathBuf>,
        /// Where to write the signed manifest as well
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Accept a key made for development; never in production
        #[arg(long)]
        allow_development_keys: bool,
    },
    /// Retire a key of the log's registry: from that entry on, no request can name it
    Retire {
        /// The key's id, 64 hexadecimal digits
        #[arg(value_parser = Hex32::parse)]
        key: Hex32,
        /// What is known of the key: open requests can be answered under a superseded one, and under a compromised one no longer
        #[arg(long)]
        cause: CauseName,
        /// Why
        #[arg(long, value_parser = Text::parse)]
        reason: Text,
    },
    /// List the keys of the registry, and from which entry to which each is active; no server may be running
    List,
}

/// Why a key is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CauseName {
    /// Another key takes its place.
    Superseded,
    /// Somebody may be able to forge under it.
    Compromised,
}

impl From<CauseName> for RetirementCause {
    fn from(cause: CauseName) -> Self {
        match cause {
            CauseName::Superseded => Self::Superseded,
            CauseName::Compromised => Self::Compromised,
        }
    }
}

/// A role's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Acts for a bank.
    Bank,
    /// Reads everything.
    Auditor,
}

impl Args {
    /// Whether the command line says which directory.
    pub fn names_directory(&self) -> bool {
        self.directory.is_some() || self.set.iter().any(|(name, _)| name == "directory")
    }

    /// What the command line says about settings: `--set` first, so that a flag of its own name stands over it.
    pub fn overrides(&self) -> Overrides {
        let mut values = self.set.clone();
        let mut say = |name: &str, value: String| values.push((name.to_owned(), value));
        if let Some(directory) = &self.directory {
            say("directory", directory.to_string_lossy().into_owned());
        }
        match &self.verb {
            Verb::Init { origin } => say("origin", origin.to_string()),
            Verb::Serve {
                listen,
                allow_development_keys,
                log_format,
            } => {
                if let Some(listen) = listen {
                    say("listen", listen.clone());
                }
                if *allow_development_keys {
                    say("allow_development_keys", "true".to_owned());
                }
                if let Some(format) = log_format.and_then(|format| format.to_possible_value()) {
                    say("log_format", format.get_name().to_owned());
                }
            }
            Verb::Key(
                KeyVerb::Sign {
                    allow_development_keys: true,
                    ..
                }
                | KeyVerb::Register {
                    allow_development_keys: true,
                    ..
                },
            ) => say("allow_development_keys", "true".to_owned()),
            Verb::Sandbox { listen } => {
                if let Some(listen) = listen {
                    say("listen", listen.clone());
                }
                say("origin", sandbox::ORIGIN.to_owned());
                say("allow_development_keys", "true".to_owned());
            }
            _ => {}
        }
        Overrides {
            file: self.config.clone(),
            values,
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let args = Args::try_parse_from([
            "covenant-verifier",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--set",
            "requests_max=7",
            "--allow-development-keys",
            "--log-format",
            "json",
            "--directory",
            "d",
        ]);
        let settings = crate::settings::load(&args.unwrap().overrides()).unwrap();
        assert_eq!(settings.listen.port(), 0);
        assert_eq!(settings.requests_max, 7);
        assert!(settings.allow_development_keys);
        assert_eq!(settings.log_format, LogFormat::Json);
        assert_eq!(settings.directory, PathBuf::from("d"));
    }

    #[test]
    fn a_banks_token_needs_a_bank() {
        let parse = |more: &[&str]| {
            let words = ["covenant-verifier", "token", "new", "--name", "n", "--role"];
            Args::try_parse_from(words.iter().chain(more)).is_ok()
        };
        assert!(parse(&["auditor"]));
        assert!(!parse(&["bank"]));
        assert!(!parse(&["bank", "--bank", "ab"]));
        assert!(parse(&["bank", "--bank", &"ab".repeat(32)]));
    }
}
