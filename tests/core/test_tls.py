import ssl

from core.tls import certificates


def test_one_context_of_a_process_checks_hosts_and_chains() -> None:
    context = certificates()
    assert context is certificates()
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
