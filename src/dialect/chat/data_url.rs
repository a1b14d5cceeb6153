//! Attachments inside a request: `data:image/png;base64,…`. RFC 2397.

#[derive(Clone, Debug, PartialEq)]
pub struct DataUrl {
    pub media_type: String,
    /// In base64, unchanged.
    pub data: String,
}

impl DataUrl {
    /// `None` if it is not a data URL in base64.
    pub fn parse(url: &str) -> Option<Self> {
        let scheme = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:"))?;
        let (head, data) = url[scheme.len()..].split_once(',')?;
        let media_type = head.strip_suffix(";base64").or_else(|| head.strip_suffix(";BASE64"))?;
        // Vendors accept no parameters such as `;charset=`.
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let media_type = if media_type.is_empty() { "text/plain" } else { media_type };
        Some(Self { media_type: media_type.to_ascii_lowercase(), data: data.to_owned() })
    }

    pub fn text(&self) -> String {
        format!("data:{};base64,{}", self.media_type, self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let parse = |url| DataUrl::parse(url).map(|d| (d.media_type, d.data));
        let some = |media: &str, data: &str| Some((media.to_owned(), data.to_owned()));
        assert_eq!(parse("data:image/png;base64,AAA="), some("image/png", "AAA="));
        assert_eq!(parse("DATA:Image/PNG;charset=x;base64,"), some("image/png", ""));
        assert_eq!(parse("data:;base64,QQ=="), some("text/plain", "QQ=="));
        for none in ["data:image/png,raw", "https://x/y.png", "data:", "", "dätä:"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }
}
