using Functional.Base;
using Functional.Engines;
using Functional.Settings;
using LanguageExt;

namespace Functional;

/// <summary>
/// A configuration, a file or a text cannot be used, or a device has no room. The message has a line for each fault: where it is, what is wrong and
/// what is allowed.
/// </summary>
public sealed class FunctionalException : Exception
{
    /// <summary>An exception of these faults.</summary>
    public FunctionalException(params IReadOnlyList<Fault> faults) : base(string.Join('\n', faults)) => Faults = faults;

    /// <summary>A device that has no room.</summary>
    public FunctionalException(DeviceMemoryException cause) : base(cause.Fault.ToString(), cause) => Faults = [cause.Fault];

    /// <summary>Everything that is wrong.</summary>
    public IReadOnlyList<Fault> Faults { get; }
}

/// <summary>From outcomes as values to exceptions.</summary>
public static class Outcomes
{
    /// <summary>The value, or an exception of all faults.</summary>
    /// <exception cref="FunctionalException">There are faults.</exception>
    public static T OrThrow<T>(this Validation<Fault, T> outcome) =>
        outcome.Match(static value => value, static faults => throw new FunctionalException([.. faults]));

    /// <summary>The fault under the name that C# has for its setting, such as <c>Stage.Optimiser.LearningRate</c> for <c>lr</c>.</summary>
    /// <param name="fault">What is wrong.</param>
    /// <param name="part">The part of a configuration that was given alone, such as <c>Execution</c>: its members need no more than their own names.</param>
    internal static Fault ByMember(this Fault fault, string part = "") => RunConfig.Field(fault.Where) is not { Member: var member } ? fault
        : fault with { Where = part.Length > 0 && member.StartsWith($"{part}.", StringComparison.Ordinal) ? member[(part.Length + 1)..] : member };

    /// <summary>What work on a device gives; that it has no room becomes the exception that people expect.</summary>
    /// <exception cref="FunctionalException">The device has no room.</exception>
    internal static T OnDevice<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (DeviceMemoryException e)
        {
            throw new FunctionalException(e);
        }
    }
}
