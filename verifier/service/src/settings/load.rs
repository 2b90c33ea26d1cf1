//! Where settings come from: the defaults, a file, the environment, the command line, each over the one before.

use std::path::{Path, PathBuf};

use covenant_api::files;
use covenant_policy::refusal::Refusal;
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::value::{Dict, Map, Value};

use super::Settings;
use crate::refusals::CONFIG_INVALID;

/// What every environment variable begins with.
pub const ENV_PREFIX: &str = "COVENANT_VERIFIER_";
/// The variable that names the file.
const ENV_CONFIG: &str = "CONFIG";
/// The file that is read where none is named, in the directory.
pub const FILE: &str = "service.toml";
/// Bytes of a settings file.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The file to read, instead of the directory's own.
    pub file: Option<PathBuf>,
    /// Names and values, the later over the earlier.
    pub values: Vec<(String, String)>,
}

/// The settings, from everywhere.
///
/// # Errors
/// `config-invalid` with file and line, variable or flag; `file-unreadable` where a file that was named cannot be read.
pub fn load(overrides: &Overrides) -> Result<Settings, Refusal> {
    let environment: Dict = Env::prefixed(ENV_PREFIX)
        .ignore(&[ENV_CONFIG])
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), scalar(&value)))
        .collect();
    let flags: Dict = overrides
        .values
        .iter()
        .map(|(name, value)| (name.clone(), scalar(value)))
        .collect();
    let over = Figment::from(Serialized::defaults(Settings::default()))
        .merge(Given(&environment, "the environment"))
        .merge(Given(&flags, "the command line"));
    let file = match overrides
        .file
        .clone()
        .or_else(|| Env::var(&format!("{ENV_PREFIX}{ENV_CONFIG}")).map(Into::into))
    {
        Some(named) => Some(named),
        // The directory's own file need not be there.
        None => Some(extract(&over)?.directory.join(FILE)).filter(|path| path.exists()),
    };
    let text = file.as_deref().map(read).transpose()?.unwrap_or_default();
    let settings = extract(
        &Figment::from(Serialized::defaults(Settings::default()))
            .merge(Toml::string(&text))
            .merge(Given(&environment, "the environment"))
            .merge(Given(&flags, "the command line")),
    )?;
    settings.validate()?;
    Ok(settings)
}

/// A file's text. It is read as settings on its own first, because only then is the line known in which something is wrong.
fn read(path: &Path) -> Result<String, Refusal> {
    let bytes = files::read(path, FILE_BYTES_MAX)?;
    let wrong = |what: String, place: String| Refusal::new(&CONFIG_INVALID, what).at(place);
    let text =
        String::from_utf8(bytes).map_err(|_| wrong("the file is not UTF-8".to_owned(), path.display().to_string()))?;
    if let Err(error) = toml::from_str::<Settings>(&text) {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let place = format!("{}, line {line}, column {column}", path.display());
        return Err(wrong(error.message().to_owned(), place));
    }
    Ok(text)
}

fn extract(figment: &Figment) -> Result<Settings, Refusal> {
    figment.extract().map_err(|errors| {
        // The first says enough; a second attempt shows the next.
        let Some(error) = errors.into_iter().next() else {
            return Refusal::new(&CONFIG_INVALID, "the settings cannot be read");
        };
        let source = error
            .metadata
            .as_ref()
            .map_or_else(|| "the settings".to_owned(), |metadata| metadata.name.to_string());
        let place = match error.path.as_slice() {
            [] => source,
            path => format!("{source}, {}", path.join(".")),
        };
        Refusal::new(&CONFIG_INVALID, error.kind.to_string()).at(place)
    })
}

/// A value as it is typed in a shell: a number, true or false, or else text.
fn scalar(text: &str) -> Value {
    if let Ok(number) = text.parse::<u64>() {
        return Value::from(number);
    }
    match text {
        "true" => Value::from(true),
        "false" => Value::from(false),
        text => Value::from(text),
    }
}

/// Values that were given under a name, for messages.
struct Given<'a>(&'a Dict, &'static str);

impl figment::Provider for Given<'_> {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(self.1)
    }

    fn data(&self) -> Result<Map<figment::Profile, Dict>, figment::Error> {
        Ok(figment::Profile::Default.collect(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, Overrides) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.toml");
        std::fs::write(&path, text).unwrap();
        let overrides = Overrides {
            file: Some(path),
            values: Vec::new(),
        };
        (directory, overrides)
    }

    fn refused(text: &str, values: &[(&str, &str)]) -> Refusal {
        let (_directory, mut overrides) = file(text);
        overrides.values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        load(&overrides).unwrap_err()
    }

    #[test]
    fn flags_stand_over_the_file_over_the_defaults() {
        let (_directory, mut overrides) = file("requests_max = 7\nbatch_lines_max = 9\norigin = \"a.example/log\"\n");
        overrides.values = vec![
            ("requests_max".into(), "8".into()),
            ("log_format".into(), "json".into()),
        ];
        let settings = load(&overrides).unwrap();
        assert_eq!((settings.requests_max, settings.batch_lines_max), (8, 9));
        assert_eq!(settings.log_format, super::super::LogFormat::Json);
        assert_eq!(settings.page_max, Settings::default().page_max);
        assert_eq!(settings.origin().unwrap().as_str(), "a.example/log");
    }

    #[test]
    fn what_is_wrong_in_a_file_is_said_with_its_line() {
        for (text, line) in [
            ("requests_max = 7\nrequest_max = 8\n", "line 2, column 1"),
            ("\n\nrequests_max = \"many\"\n", "line 3, column 16"),
            ("requests_max = \n", "line 1, column 16"),
            ("requests_max = 1\nrequests_max = 2\n", "line 2, column 1"),
            ("listen = \"nowhere\"\n", "line 1, column 10"),
            ("requests_max = -1\n", "line 1, column 16"),
        ] {
            let refusal = refused(text, &[]);
            assert_eq!(refusal.code(), "config-invalid", "{text}");
            let place = refusal.place.clone().unwrap();
            assert!(place.ends_with(line) && place.contains("a.toml"), "{text}: {refusal}");
        }
        let refusal = refused("requests_max = 0\n", &[]);
        assert_eq!(
            (refusal.code(), refusal.place.as_deref()),
            ("config-invalid", Some("requests_max"))
        );
    }

    #[test]
    fn what_is_wrong_in_a_flag_is_said_with_its_name() {
        let unknown = refused("", &[("request_max", "8")]);
        assert!(unknown.what.contains("request_max"), "{unknown}");
        assert_eq!(unknown.code(), "config-invalid");
        let wrong = refused("", &[("requests_max", "many")]);
        assert_eq!(wrong.place.as_deref(), Some("the command line, requests_max"));
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let overrides = Overrides {
            file: Some(PathBuf::from("no-such-file.toml")),
            values: Vec::new(),
        };
        assert_eq!(load(&overrides).unwrap_err().code(), "file-unreadable");
    }
}
