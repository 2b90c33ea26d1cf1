use super::*;

const N: &str = "urn:example";

fn opened<T>(bytes: &[u8], read: impl FnOnce(&mut Xml<'_, &[u8]>) -> Result<T, Refusal>) -> Result<T, Refusal> {
    let mut progress = |_| {};
    let mut xml = Xml::new(bytes, "f.xml", &mut progress);
    xml.root(&[N])?;
    read(&mut xml)
}

/// Every leaf as `name=text@line`, elements as `name@line`.
fn leaves(xml: &mut Xml<'_, &[u8]>, out: &mut Vec<String>) -> Result<(), Refusal> {
    while xml.child()? {
        let (name, line) = (xml.name().to_owned(), xml.line());
        if name.starts_with('G') {
            out.push(format!("{name}@{line}"));
            leaves(xml, out)?;
        } else {
            out.push(format!("{name}={}@{line}", xml.text()?));
        }
    }
    Ok(())
}

fn all(text: &[u8]) -> Result<Vec<String>, Refusal> {
    opened(text, |xml| {
        let mut out = Vec::new();
        leaves(xml, &mut out)?;
        out.push(format!("lines={}", xml.finish()?));
        Ok(out)
    })
}

fn code(text: &[u8]) -> &'static str {
    all(text).unwrap_err().code()
}

#[test]
fn elements_come_one_by_one_with_their_lines() {
    let text = b"<?xml version='1.0'?>\n<!-- c -->\n<a:R xmlns:a='urn:example' xmlns:b='urn:other'>\n <a:G>\n  <a:x> 1 &amp; 2&#x21; </a:x><b:y><a:x>no</a:x></b:y>\n\
        \t<a:e/>\n <a:c><![CDATA[<&]]></a:c></a:G><x>unbound</x>\n</a:R>\n<!-- end -->\n";
    assert_eq!(all(text).unwrap(), ["G@4", "x=1 & 2!@5", "e=@6", "c=<&@7", "lines=9"]);
    assert_eq!(all(b"\xef\xbb\xbf<R xmlns='urn:example'/>").unwrap(), ["lines=1"]);
}

#[test]
fn attributes_are_read_where_they_are_asked_for() {
    let got = opened(b"<R xmlns='urn:example'><a id='1' n=\"x &amp; y\">t</a></R>", |xml| {
        assert!(xml.child()?);
        let found = (xml.attribute("id")?, xml.attribute("n")?, xml.attribute("none")?);
        assert_eq!(xml.namespace(), Some(0));
        assert_eq!(xml.text()?, "t");
        Ok(found)
    });
    assert_eq!(got, Ok((Some("1".to_owned()), Some("x & y".to_owned()), None)));
    let twice = opened(b"<R xmlns='urn:example'><a id='1' id='2'/></R>", |xml| {
        xml.child()?;
        xml.attribute("none")
    });
    assert_eq!(twice.unwrap_err().code(), "xml-malformed");
}

#[test]
fn encodings_are_declared_or_utf8() {
    let name = |declared: &str, bytes: &[u8]| {
        let text = [
            format!("<?xml version=\"1.0\" encoding={declared}?><R xmlns='urn:example'><n>").as_bytes(),
            bytes,
            b"</n></R>",
        ]
        .concat();
        all(&text).map(|v| v[0].clone()).map_err(|r| r.code())
    };
    assert_eq!(name("\"UTF-8\"", "Tøyen".as_bytes()), Ok("n=Tøyen@1".to_owned()));
    assert_eq!(name("'Windows-1252'", b"\x80 \xe9"), Ok("n=€ é@1".to_owned()));
    assert_eq!(name("\"ISO-8859-1\"", b"\xe5"), Ok("n=å@1".to_owned()));
    assert_eq!(name("\"iso-8859-15\"", b"\xa4"), Ok("n=€@1".to_owned()));
    assert_eq!(name("\"us-ascii\"", b"a"), Ok("n=a@1".to_owned()));
    assert_eq!(name("\"ebcdic\"", b"a"), Err("wrong-encoding"));
    assert_eq!(code(b"\xff\xfe<\0R\0/\0>\0"), "wrong-encoding");
    // A lie is read as far as it goes, and remembered with its line.
    let seen = opened(b"<R xmlns='urn:example'>\n<n>\xe9\n</n></R>", |xml| {
        xml.child()?;
        let text = xml.text()?.to_owned();
        Ok((text, xml.replaced(), xml.encoding()))
    });
    assert_eq!(seen, Ok(("\u{fffd}".to_owned(), Some(2), "utf-8")));
}

#[test]
fn characters_that_chunks_cut_are_whole() {
    let text = format!("<R xmlns='urn:example'><n>{}</n></R>", "åäö€".repeat(7_000));
    struct Drops<'a>(&'a [u8]);
    impl std::io::Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = 7.min(buffer.len()).min(self.0.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    let mut seen = 0;
    let mut progress = |bytes| seen = bytes;
    let mut xml = Xml::new(std::io::BufReader::new(Drops(text.as_bytes())), "f", &mut progress);
    xml.root(&[N]).unwrap();
    assert!(xml.child().unwrap());
    assert_eq!(xml.text().unwrap().chars().count(), 28_000);
    assert!(!xml.child().unwrap());
    assert_eq!((xml.finish().unwrap(), xml.replaced()), (1, None));
    assert_eq!(seen, text.len() as u64);
}

#[test]
fn document_types_and_entities_are_refused() {
    let bomb = b"<?xml version=\"1.0\"?>\n<!DOCTYPE R [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]>\n<R xmlns='urn:example'><n>&b;</n></R>";
    let refusal = all(bomb).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.place.as_deref()),
        ("xml-forbidden", Some("f.xml:2"))
    );
    assert_eq!(
        code(b"<!DOCTYPE R SYSTEM 'file:///etc/passwd'><R xmlns='urn:example'/>"),
        "xml-forbidden"
    );
    assert_eq!(code(b"<R xmlns='urn:example'><n>&x;</n></R>"), "xml-forbidden");
    assert_eq!(code(b"<R xmlns='urn:example'><n>&#0;</n></R>"), "xml-forbidden");
    assert_eq!(code(b"<R xmlns='urn:example'><n>&#x110000;</n></R>"), "xml-forbidden");
}

#[test]
fn every_limit_holds() {
    let root = |inside: &str| format!("<R xmlns='urn:example'>{inside}</R>").into_bytes();
    let deep = |n: usize| root(&format!("{}{}", "<G>".repeat(n), "</G>".repeat(n)));
    assert!(all(&deep(DEPTH_MAX - 1)).is_ok());
    assert_eq!(code(&deep(DEPTH_MAX)), "xml-limit");
    assert_eq!(
        code(&root(&format!("<n>{}</n>", "x".repeat(TEXT_BYTES_MAX + 1)))),
        "xml-limit"
    );
    assert_eq!(
        code(&root(&format!("<n>{}</n>", "&lt;".repeat(TEXT_BYTES_MAX + 1)))),
        "xml-limit"
    );
    assert_eq!(
        code(&root(&format!("<n a='{}'/>", "x".repeat(TAG_BYTES_MAX)))),
        "xml-limit"
    );
    let many: String = (0..200).map(|i| format!(" xmlns:p{i}='u'")).collect();
    assert_eq!(code(&root(&format!("<n{many}/>"))), "xml-limit");
    // A text that is passed over may be longer, but not without end.
    let skipped = |bytes: usize| {
        opened(&root(&format!("<n>{}</n>", "x".repeat(bytes))), |xml| {
            xml.child()?;
            xml.skip()?;
            xml.child()
        })
        .map_err(|r| r.code())
    };
    assert_eq!(skipped(TEXT_BYTES_MAX * 2), Ok(false));
    assert_eq!(skipped(PIECE_BYTES_MAX + 1), Err("xml-limit"));
}

#[test]
fn what_is_no_xml_is_refused() {
    let start = b"<R xmlns='urn:example'>";
    for (inside, expected) in [
        (&b"<n>1</m></R>"[..], "xml-malformed"),
        (b"</R></R>", "xml-malformed"),
        (b"</R><R/>", "xml-malformed"),
        (b"</R> text", "xml-malformed"),
        (b"<n><m>1</m></n></R>", "xml-malformed"),
        (b"<!bang></R>", "xml-malformed"),
        (b"<n>1</n>", "truncated-file"),
        (b"<n>1", "truncated-file"),
        (b"<n", "truncated-file"),
        (b"<!-- ", "truncated-file"),
        (b"<n>a & b</n></R>", "xml-malformed"),
    ] {
        assert_eq!(
            code(&[start, inside].concat()),
            expected,
            "{}",
            String::from_utf8_lossy(inside)
        );
    }
    assert_eq!(code(b""), "empty-books");
    assert_eq!(code(b"JournalCode\tJournalLib\n"), "empty-books");
    assert_eq!(code(b"<R/>"), "xml-namespace");
    assert_eq!(code(b"<R xmlns='urn:example:2'/>"), "xml-namespace");
}
