using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace Functional.Tests.Properties.Architecture;

/// <summary>The members that a method's instructions name.</summary>
static class Instructions
{
    static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (int)(ushort)code.Value);

    /// <summary>Every instruction with the method, field or type that it names, if it names one.</summary>
    public static IEnumerable<(OpCode Code, MemberInfo? Member)> Of(MethodBase method)
    {
        var il = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var at = 0; at < il.Length;)
        {
            var code = OpCodesByValue[il[at] == 0xFE ? 0xFE00 | il[at + 1] : il[at]];
            at += code.Size;
            yield return (code, NamesMember(code.OperandType) ? Resolve(method, ReadInt32(il, at)) : null);
            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * ReadInt32(il, at),
                _ => 4,
            };
        }
    }

    static bool NamesMember(OperandType operand) =>
        operand is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok;

    static int ReadInt32(byte[] il, int at) => BinaryPrimitives.ReadInt32LittleEndian(il.AsSpan(at));

    static MemberInfo? Resolve(MethodBase method, int token) => method.Module.ResolveMember(
        token,
        method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null,
        method.IsGenericMethod ? method.GetGenericArguments() : null);
}
