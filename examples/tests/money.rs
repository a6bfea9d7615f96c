//! What the example `money` prints, down to the unit.

// The example is a program of its own; all but its `main` is called here.
#[allow(dead_code)]
#[path = "../money.rs"]
mod money;

use rust_decimal::Decimal;

fn report() -> String {
    money::report().expect("nothing in it is refused")
}

/// The lines of a section that begins with `title`, up to the next empty one.
fn section<'a>(report: &'a str, title: &str) -> Vec<&'a str> {
    let lines = report.lines().skip_while(|line| !line.starts_with(title));
    let section: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    assert!(!section.is_empty(), "{title} in\n{report}");
    section
}

#[test]
fn it_is_the_same_each_time() {
    assert_eq!(report(), report());
}

#[test]
fn takers_pay_and_the_maker_is_paid_a_tenth_of_it() {
    let report = report();
    let trades = section(&report, "Trades");
    #[rustfmt::skip]
    assert_eq!(trades[1..], [
        "Ann buys 1.20000000 BTC for 60010.00 USDT each, fee 0.00120000 BTC, Mia is paid 0.00012000 of it",
        "Bob sells 0.50000000 BTC for 59990.00 USDT each, fee 29.99500000 USDT, Mia is paid 2.99950000 of it",
        "Ann buys 4.00000000 ETH for 0.05000 BTC each, fee 0.00400000 ETH, Mia is paid 0.00040000 of it",
        "Bob buys 0.30000000 BTC for 60010.00 USDT each, fee 0.00030000 BTC, Mia is paid 0.00003000 of it",
        "Bob buys 0.10000000 BTC for 61000.00 USDT each, fee 0.00010000 BTC, Mia is paid 0.00001000 of it",
    ]);
}

#[test]
fn what_is_owed_is_what_was_given() {
    let report = report();
    let proof = section(&report, "Proof");
    assert_eq!(proof.last(), Some(&"Everything adds up."));
    let mut given = Vec::new();
    for line in &proof[2..proof.len() - 1] {
        let columns: Vec<_> = line.split_whitespace().collect();
        let [asset, owed, "+", fees, "=", external] = columns[..] else {
            panic!("{line}");
        };
        let number = |text: &str| text.parse::<Decimal>().expect("a number");
        assert_eq!(number(owed) + number(fees), number(external), "{line}");
        given.push((asset, fees, external));
    }
    // Nine tenths of the fees above stay with the exchange.
    assert_eq!(
        given,
        [
            ("BTC", "0.00144000", "5.00000000"),
            ("ETH", "0.00360000", "20.00000000"),
            ("USDT", "26.99550000", "250000.00000000"),
        ]
    );
}

#[test]
fn everybody_is_told_what_there_is_and_what_was_earned() {
    let report = report();
    let ann = section(&report, "Ann owns");
    #[rustfmt::skip]
    assert_eq!(ann, [
        "Ann owns 101102.60000000 USDT",
        // 1.2 bought, 0.0012 paid as a fee, 0.2 paid for ether; the last trade was at 61,000.
        "  BTC          0.99880000 =     60926.80000000 USDT, last trade of BTCUSDT",
        // 0.1998 BTC
        "  ETH          3.99600000 =     12187.80000000 USDT, last trade of ETHBTC, last trade of BTCUSDT",
        // 100,000 less 1.2 x 60,010; the order that waits needs 0.1 x 59,000.
        "  USDT     27988.00000000 =     27988.00000000 USDT, 5900.00000000 of it held",
        // The fees are 0.0012 x 60,010, and 0.2 left for 20 less each than they came for.
        "  BTCUSDT 0.99880000 BTC, realised -76.01200000 USDT after 72.01200000 of fees, unrealised 988.81200000 USDT",
        "  ETHBTC 3.99600000 ETH, realised -0.00020000 BTC after 0.00020000 of fees, unrealised 0.00000000 BTC",
    ]);
    let mia = section(&report, "Mia owns");
    assert_eq!(mia[0], "Mia owns 393033.97950000 USDT");
    // A rebate is a negative fee.
    assert!(mia[4].contains("after -12.61100000 of fees"), "{}", mia[4]);
    // 0.5 sold for 10 less each than they were worth, and fees of 29.995, 18.003 and 6.1.
    let bob = section(&report, "Bob owns");
    assert!(
        bob[3].contains("realised -59.09800000 USDT after 54.09800000 of fees"),
        "{}",
        bob[3]
    );
}
