using System.Text.Json.Nodes;
using Functional.Base;

namespace Functional.Server;

/// <summary>A request that cannot be answered, as OpenAI's API says it.</summary>
/// <param name="status">HTTP's status.</param>
/// <param name="message">What is wrong, and what is allowed.</param>
/// <param name="param">The member of the request that is wrong; nothing where it is none.</param>
/// <param name="code">A word for programs; nothing for none.</param>
/// <param name="cause">What whoever runs the server should know beside; nothing for no more.</param>
sealed class ApiException(int status, string message, string? param = null, string? code = null, Exception? cause = null) : Exception(message, cause)
{
    public int Status => status;

    public JsonObject Body => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = Message,
            ["type"] = status switch { 401 => "authentication_error", 403 => "permission_error", 404 => "not_found_error", 429 => "rate_limit_error", >= 500 => "server_error", _ => "invalid_request_error" },
            ["param"] = param, ["code"] = code,
        },
    };

    /// <summary>All faults of a request in one, under the first one's member; a fault of a file is the server's own, and where that lies is nobody else's business.</summary>
    public static ApiException Of(IReadOnlyList<Fault> faults) => OfFile(faults) ??
        new(400, string.Join('\n', faults.Select(static f => (f with { Where = Member(f.Where) }).ToString())), Member(faults[0].Where).Split(' ')[0], "invalid_value");

    /// <summary>What is said where a file of the server is damaged, missing or has no room; nothing where no fault is of a file.</summary>
    public static ApiException? OfFile(IReadOnlyList<Fault> faults) => faults.FirstOrDefault(static f => Path.IsPathRooted(f.Where)) is not { } own ? null
        : new(500, $"{Path.GetFileName(own.Where)}: {own.What}; whoever runs the server knows more", null, "file", new FunctionalException([.. faults]));

    // What the façade's options are called in requests.
    static string Member(string where)
    {
        var end = where.IndexOfAny(['.', '[', ',']);
        var (first, rest) = end < 0 ? (where, "") : (where[..end], where[end..]);
        return first switch
        {
            "Temperature" => "temperature",
            "TopP" => "top_p",
            "TopK" => "top_k",
            "MinP" => "min_p",
            "TypicalP" => "typical_p",
            "RepetitionPenalty" => "repetition_penalty",
            "PresencePenalty" => "presence_penalty",
            "FrequencyPenalty" => "frequency_penalty",
            "Biases" or "bias" => "logit_bias",
            "Stops" => "stop",
            "Regex" => "regex",
            "Schema" or "schema" => "response_format",
            "Samples" => "n",
            "LogProbs" => "top_logprobs",
            "Lookup" => "lookup",
            "Template" or "template" => "template",
            "Tokens" => "max_tokens",
            "Seed" => "seed",
            "question" => "messages",
            _ => first,
        } + rest;
    }
}
