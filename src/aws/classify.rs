//! What an error code of AWS means to a bake. The codes are those of the EC2, SSM and STS
//! references ("Error codes for the Amazon EC2 API", "Common errors").

use super::Fault;

const THROTTLED: [&str; 10] = [
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "SlowDown",
    "EC2ThrottledException",
    // Two writes of one parameter at the same time.
    "TooManyUpdates",
];
const EXPIRED: [&str; 4] =
    ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];
const CREDENTIALS: [&str; 8] = [
    "AuthFailure",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidSecurity",
    "MissingAuthenticationToken",
];
const DENIED: [&str; 5] = [
    "UnauthorizedOperation",
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedException",
    "OptInRequired",
];
/// Another instance type, zone or subnet may do.
const CAPACITY: [&str; 9] = [
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCapacity",
    "InsufficientCapacityOnOutpost",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientAddressCapacity",
    "UnfulfillableCapacity",
    // The type is not offered in the zone of the subnet.
    "Unsupported",
];
const TRANSIENT: [&str; 7] = [
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServerInternal",
    "ServiceUnavailable",
    "Unavailable",
    "ServiceUnavailableException",
];

/// By its code, and by the status of the answer where the code says nothing.
pub fn classify(code: &str, status: Option<u16>) -> Fault {
    // A query API puts the side before some codes.
    let code = code.trim_start_matches("Server.").trim_start_matches("Client.");
    let is = |list: &[&str]| list.contains(&code);
    match status {
        _ if is(&THROTTLED) => Fault::Throttled,
        _ if is(&EXPIRED) => Fault::Expired,
        _ if is(&CREDENTIALS) => Fault::Credentials,
        _ if is(&DENIED) => Fault::Denied,
        _ if is(&CAPACITY) => Fault::Capacity,
        _ if is(&TRANSIENT) => Fault::Transient,
        _ if not_found(code) => Fault::NotFound,
        // Counted after throttling, whose codes end alike.
        _ if code.contains("LimitExceeded") || code.contains("QuotaExceeded") => Fault::Quota,
        _ if code == "MaxSpotInstanceCountExceeded" => Fault::Quota,
        Some(429) => Fault::Throttled,
        Some(500..) => Fault::Transient,
        _ if ["Invalid", "Missing", "Malformed", "Validation", "UnknownParameter"]
            .iter()
            .any(|start| code.starts_with(start)) =>
        {
            Fault::Invalid
        }
        _ => Fault::Other,
    }
}

fn not_found(code: &str) -> bool {
    code.ends_with(".NotFound")
        || code.ends_with("NotFoundException")
        || ["ParameterNotFound", "ParameterVersionNotFound", "InvalidAMIID.Unavailable"].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_a_bake_has_to_do() {
        for (code, fault) in [
            ("RequestLimitExceeded", Fault::Throttled),
            ("Client.RequestLimitExceeded", Fault::Throttled),
            ("ThrottlingException", Fault::Throttled),
            ("InvalidAMIID.NotFound", Fault::NotFound),
            ("InvalidSubnetID.NotFound", Fault::NotFound),
            ("ParameterNotFound", Fault::NotFound),
            ("UnauthorizedOperation", Fault::Denied),
            ("AuthFailure", Fault::Credentials),
            ("ExpiredToken", Fault::Expired),
            ("VcpuLimitExceeded", Fault::Quota),
            ("InstanceLimitExceeded", Fault::Quota),
            ("Server.InsufficientInstanceCapacity", Fault::Capacity),
            ("Unsupported", Fault::Capacity),
            ("InvalidParameterValue", Fault::Invalid),
            ("MissingParameter", Fault::Invalid),
            ("OperationNotPermitted", Fault::Other),
        ] {
            assert_eq!(classify(code, Some(400)), fault, "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_judged_by_the_status() {
        assert_eq!(classify("Odd", Some(503)), Fault::Transient);
        assert_eq!(classify("Odd", Some(429)), Fault::Throttled);
        assert_eq!(classify("InvalidAMIID.NotFound", Some(500)), Fault::NotFound);
        assert_eq!(classify("", None), Fault::Other);
    }
}
