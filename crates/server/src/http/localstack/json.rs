//! Our own XML as JSON, the way LocalStack shows it: an element is a member, a repeated one an array, an
//! empty one `null`. So what there is once is no array, which its users know.
//!
//! This reads what `wire` has written, and no other XML: attributes are namespaces, and are left out.

use serde_json::{Map, Value};

/// A document as JSON; `None` if it is none of ours.
pub(in crate::http) fn of_xml(document: &str) -> Option<Value> {
    let document = document.strip_prefix("<?xml version=\"1.0\"?>").unwrap_or(document);
    let (name, value, rest) = element(document)?;
    rest.is_empty().then(|| Value::Object(Map::from_iter([(name.to_owned(), value)])))
}

/// The element that a text begins with: its name, its content, and what follows it.
fn element(text: &str) -> Option<(&str, Value, &str)> {
    let (tag, mut rest) = text.strip_prefix('<')?.split_once('>')?;
    if let Some(name) = tag.strip_suffix('/') {
        return Some((name, Value::Null, rest));
    }
    let name = tag.split(' ').next()?;
    let mut members = Map::new();
    loop {
        let (content, markup) = rest.split_at(rest.find('<')?);
        if let Some(end) = markup.strip_prefix("</") {
            let (closed, after) = end.split_once('>')?;
            let value = match (members.is_empty(), content) {
                (false, _) => Value::Object(members),
                (true, "") => Value::Null,
                (true, content) => Value::String(unescaped(content)?),
            };
            return (closed == name).then_some((name, value, after));
        }
        let (member, value, after) = element(markup)?;
        match members.get_mut(member) {
            None => {
                members.insert(member.to_owned(), value);
            }
            Some(Value::Array(several)) => several.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
        rest = after;
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (entity, rest) = piece.split_once(';')?;
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let code = entity.strip_prefix('#')?;
                let code = match code.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => code.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_become_members() {
        let read = of_xml(
            "<?xml version=\"1.0\"?><R xmlns=\"http://x/\"><M><B>a &lt;&amp;&gt; &quot;&#xD;&#39;</B><D/></M>\
             <M><B> 2\n</B><N></N></M><M><B>3</B></M><Id>7</Id></R>",
        );
        let members = json!([
            { "B": "a <&> \"\r'", "D": null },
            { "B": " 2\n", "N": null },
            { "B": "3" },
        ]);
        assert_eq!(read, Some(json!({ "R": { "M": members, "Id": "7" } })));
        assert_eq!(of_xml("<R><M><B>1</B></M></R>"), Some(json!({ "R": { "M": { "B": "1" } } })));
    }

    #[test]
    fn what_is_not_ours_is_nothing() {
        for text in ["", "text", "<R>", "<R></S>", "<R/>more", "<R>&nothing;</R>", "<R>&#x110000;</R>"] {
            assert_eq!(of_xml(text), None, "{text}");
        }
    }
}
