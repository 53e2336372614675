using Microsoft.Extensions.Logging;

namespace Functional.Chat;

/// <summary>What loggers are told.</summary>
static partial class Log
{
    /// <summary>A model is there.</summary>
    [LoggerMessage(1, LogLevel.Information, "{Model} is loaded from {Folder}: {Parameters} parameters, in {Seconds:0.00} s")]
    public static partial void Loaded(ILogger logger, string model, string folder, long parameters, double seconds);

    /// <summary>A model is not.</summary>
    [LoggerMessage(2, LogLevel.Warning, "{Model} cannot be loaded from {Folder}")]
    public static partial void NotLoaded(ILogger logger, Exception exception, string model, string folder);

    /// <summary>A request begins.</summary>
    [LoggerMessage(3, LogLevel.Debug, "{Operation} {Model} begins: {Count} messages or texts")]
    public static partial void Begun(ILogger logger, string operation, string model, int count);

    /// <summary>A request is answered.</summary>
    [LoggerMessage(4, LogLevel.Debug, "{Operation} {Model} ends: {InputTokens} tokens read, {OutputTokens} written, {Reason}, in {Seconds:0.000} s")]
    public static partial void Ended(ILogger logger, string operation, string model, long inputTokens, long outputTokens, string reason, double seconds);

    /// <summary>Somebody gave a request up.</summary>
    [LoggerMessage(5, LogLevel.Debug, "{Operation} {Model} is given up: {InputTokens} tokens read, after {Seconds:0.000} s")]
    public static partial void Left(ILogger logger, string operation, string model, long inputTokens, double seconds);

    /// <summary>A request fails.</summary>
    [LoggerMessage(6, LogLevel.Warning, "{Operation} {Model} fails: {Error} {Where}")]
    public static partial void Failed(ILogger logger, Exception? exception, string operation, string model, string error, string where);

    /// <summary>Not everything had room.</summary>
    [LoggerMessage(7, LogLevel.Debug, "{Model} has no room for the oldest messages: {Forgotten} are left out")]
    public static partial void Forgot(ILogger logger, string model, int forgotten);

    /// <summary>What is said: sensitive.</summary>
    [LoggerMessage(8, LogLevel.Trace, "{Model}, {Role}: {Text}")]
    public static partial void Said(ILogger logger, string model, string role, string text);
}
