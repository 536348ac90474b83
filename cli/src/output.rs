//! Where text goes: findings to standard output, errors to standard error, colour only to a terminal.
//! Decides nothing about what is said.

use std::fmt::Display;
use std::io::{self, Write};

use anstream::AutoStream;

/// Standard output. Colours are stripped when it is no terminal, or when `NO_COLOR` asks for that.
pub(crate) fn stdout() -> impl Write {
    BrokenPipeWriter { inner: AutoStream::auto(io::stdout()), gone: false }
}

/// Standard error, every line marked as ours. That nobody reads it is no reason to fail.
pub(crate) fn print_error(what: impl Display) {
    let mut err = io::stderr().lock();
    for line in what.to_string().lines() {
        let _ = writeln!(err, "quorate: {line}");
    }
}

/// An error with its causes, each said once: some errors quote their cause, others leave it to the reader.
pub(crate) fn error_chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        _ if said.ends_with(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

/// Goes on without a reader: `quorate review x.json | head -1` still ends with the verdict's exit code.
struct BrokenPipeWriter<W> {
    inner: W,
    gone: bool,
}

impl<W: Write> BrokenPipeWriter<W> {
    fn unless_gone<T>(&mut self, instead: T, write: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.gone {
            return Ok(instead);
        }
        match write(&mut self.inner) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(instead)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for BrokenPipeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_gone(bytes.len(), |inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_gone((), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use anyhow::anyhow;

    use super::{BrokenPipeWriter, error_chain};

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn goes_on_when_the_reader_has_gone() {
        let mut out = BrokenPipeWriter { inner: Closed, gone: false };
        assert!(writeln!(out, "denied").is_ok());
        assert!(out.gone);
        assert!(out.flush().is_ok());
    }

    #[test]
    fn says_a_quoted_cause_once() {
        let quoted = anyhow!("too small").context("no engine: too small").context("serve");
        assert_eq!(error_chain(&quoted), "serve: no engine: too small");
    }
}
