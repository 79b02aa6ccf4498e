"""The elements of feeds by the names that the lenient parser has for them: prefix and local name in lower case, with an
underscore between. What it has a use for and `strict.py` does not is a doubt; the rest is passed over.
"""

from __future__ import annotations

ATOM = "http://www.w3.org/2005/Atom"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RSS_1 = "http://purl.org/rss/1.0/"
XLINK = "http://www.w3.org/1999/xlink"
# What the lenient parser calls the namespaces that it knows something of; in lower case.
KNOWN = {
    "": "",
    ATOM.lower(): "",
    RSS_1: "",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://search.yahoo.com/mrss": "media",
    "http://search.yahoo.com/mrss/": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://webns.net/mvcb/": "admin",
    "http://web.resource.org/cc/": "cc",
    "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html": "creativecommons",
    "http://backend.userland.com/creativecommonsrssmodule": "creativecommons",
    "http://www.georss.org/georss": "georss",
    "http://www.opengis.net/gml": "gml",
    "http://podlove.org/simple-chapters": "psc",
    "http://www.w3.org/1999/xhtml": "xhtml",
    RDF.lower(): "rdf",
}
RESERVED = frozenset(KNOWN.values()) - {""}

# Elements that the lenient parser has a handler for, and names under which it keeps what is read here: what is not
# in a table below either is a doubt.
_HANDLED_NAMES = """
abstract author body category cc_license channel cloud content content_encoded contributor copyright created
creativecommons_license dc_author dc_contributor dc_creator dc_date dc_description dc_language dc_publisher
dc_rights dc_subject dc_title dcterms_created dcterms_issued dcterms_modified dcterms_valid description email
enclosure entry expirationdate feed feedburner_browserfriendly fullitem generator geom georss_box georss_line
georss_point georss_polygon georss_where georssgeom gml_exterior gml_linearring gml_linestring gml_point gml_polygon
gml_pos gml_poslist guid height homepage id image info issued item itunes_author itunes_block itunes_category
itunes_email itunes_explicit itunes_image itunes_keywords itunes_link itunes_name itunes_owner itunes_subtitle
itunes_summary keywords language lastbuilddate link managingeditor media_category media_content media_credit
media_description media_group media_keywords media_license media_player media_rating media_restriction
media_thumbnail media_title modified name newlocation psc_chapter psc_chapters pubdate published rights rss source
subtitle summary tagline tags textinput title updated uri url webmaster where width xhtml_body
"""
HANDLED = frozenset(_HANDLED_NAMES.split())
_KEPT_NAMES = """
author_detail authors content_detail contributors created_parsed date date_parsed description_detail div
feedburner_origlink guidislink href issued_parsed links modified_parsed published_parsed publisher_detail
summary_detail sy_updatefrequency sy_updateperiod title_detail ttl updated_parsed
"""
KEPT = frozenset(_KEPT_NAMES.split())
# Read by the lenient parser into places that nobody asks for.
_PASSED_OVER_NAMES = """
category cc_license cloud creativecommons_license dc_publisher dc_subject expirationdate generator itunes_block
itunes_category itunes_explicit itunes_image itunes_keywords keywords media_category media_credit media_keywords
media_license media_player media_rating media_restriction webmaster
"""
PASSED_OVER = frozenset(_PASSED_OVER_NAMES.split())
PASSED_OVER_AS_TEXT = frozenset({"copyright", "dc_rights", "itunes_subtitle", "rights", "subtitle", "tagline"})
PAGED = ("next", "prev-archive")  # links to the page before this one
PERSON = frozenset({"email", "homepage", "itunes_email", "itunes_name", "name", "uri", "url"})
PICTURE = frozenset({"description", "height", "link", "title", "url", "width"})
_OF_THE_FEED_NAMES = """
author created dc_contributor dc_creator dc_date dcterms_created dcterms_issued dcterms_modified guid id issued
itunes_author lastbuilddate link managingeditor media_content media_thumbnail modified pubdate published updated
"""
OF_THE_FEED = frozenset(_OF_THE_FEED_NAMES.split())
